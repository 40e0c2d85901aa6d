rule EXPL_Folder_UncIcon {
    meta:
        id = "1de0ff00-bfb0-56d4-9174-4b3953ffe7b4"
        version = 1
        description = "Detects a shell command or folder settings file (SCF, desktop.ini) whose icon lies on a remote share: opening the folder sends the account hash."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1187 (https://attack.mitre.org/techniques/T1187/)"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1187"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_remote"
        finding = "scf_desktopini"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $h1 = "[Shell]" nocase
        $h2 = "[.ShellClassInfo]" nocase
        $x1 = /Icon(File|Resource)=\\\\[a-z0-9]/ nocase
    condition:
        ($h1 in (0..64) or $h2 in (0..64)) and $x1
}
