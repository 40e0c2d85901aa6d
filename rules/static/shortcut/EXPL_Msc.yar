rule EXPL_Msc_Apds {
    meta:
        id = "5c537290-6374-51c2-b082-f4de5bcbf8c3"
        version = 1
        description = "Detects a management console file that loads the redirect page of apds.dll, which runs script inside the console (known as GrimResource)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1218.014 (https://attack.mitre.org/techniques/T1218/014/)"
        category = "exploit"
        severity = "critical"
        confidence = 95
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
        $x1 = "apds.dll/redirect" nocase
        $x2 = "res://apds.dll" nocase
    condition:
        $root and any of ($x*)
}
