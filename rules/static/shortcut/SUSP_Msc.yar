rule SUSP_Msc_TaskpadCommand {
    meta:
        id = "8f8e050b-4c1b-585e-80dd-af54d8704003"
        version = 1
        description = "Detects a management console file with a task pad whose command line starts an interpreter, so that one click in the console runs a command."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1218.014 (https://attack.mitre.org/techniques/T1218/014/)"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1218.014"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.msc_script"
        finding = "msc.grimresource"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<MMC_ConsoleFile" nocase
        $pad = "<CommandLine" nocase
        $x1 = /<CommandLine[^>]{0,400}(powershell|cmd\.exe|\\cmd"|mshta|wscript|cscript|rundll32|msiexec)/ nocase
    condition:
        $root and $pad and $x1
}
