rule SUSP_One_Exec {
    meta:
        id = "f812499d-0f22-575f-b5fd-75646fc6aaf7"
        version = 1
        description = "Detects a OneNote section with an attached program, shortcut or script, which a double click on its picture in the notebook runs."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-ONESTORE 2.6.13 (https://learn.microsoft.com/openspecs/office_file_formats/ms-onestore)"
        category = "exec-chain"
        severity = "critical"
        confidence = 90
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.package_program"
        finding = "one.embedded_exec"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $head = { E4 52 5C 7B 8C D8 A7 4D AE B1 53 78 D0 29 96 D3 }
        $x1 = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20] 4D 5A }
        $x2 = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20] 4C 00 00 00 01 14 02 00 }
        $x3 = /\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC.{20}(\xEF\xBB\xBF)?\s{0,16}(<script|<hta|<job|<\?xml[^>]{1,60}>\s{0,4}<(job|package|scriptlet)|@echo|echo off|powershell|on error|dim |set |start )/is
        $x4 = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20-400] 48 54 41 3A 41 50 50 4C 49 43 41 54 49 4F 4E }
        $x5 = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20] 49 54 53 46 }
    condition:
        $head at 0 and any of ($x*)
}
