// 0 of 931 benign shortcuts have twenty white-space characters in a row.
rule EVAS_Lnk_WhitespaceArgs {
    meta:
        id = "641a5ce6-ee4e-5b00-8024-69d44095d9f8"
        version = 1
        description = "Detects a Windows shortcut that hides its command line behind at least twenty white-space characters in a row, as in CVE-2025-9491."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink) 2.4,CVE-2025-9491"
        category = "evasion"
        severity = "high"
        confidence = 95
        attack = "T1027,T1204.002"
        status = "active"
        scope = "member"
        formats = "lnk"
        msg = "rule.lnk_hidden_arguments"
        finding = "lnk.args_padding"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = { (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 (20 | 09 | 0A | 0B | 0C | 0D | A0) 00 }
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and $x1
}
