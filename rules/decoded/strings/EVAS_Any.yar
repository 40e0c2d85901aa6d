rule EVAS_Any_EncodedPe {
    meta:
        id = "9b862dfd-8273-5187-bdb2-a658f55758e4"
        version = 1
        description = "Detects a Windows executable that only appears after decoding: a decoded layer (base64, hexadecimal, script text) that starts with an MZ and a PE header."
        author = "Airlock"
        date = "2026-11-24"
        reference = "PE/COFF (https://learn.microsoft.com/windows/win32/debug/pe-format)"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1027.009"
        status = "active"
        scope = "decoded"
        formats = "any"
        msg = "rule.encoded_program"
        finding = "carve.pe"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    condition:
        uint16(0) == 0x5A4D and uint32(0x3C) < 0x1000 and uint32(uint32(0x3C)) == 0x00004550
}

rule EVAS_Any_EncodedLnk {
    meta:
        id = "8a5cb924-9cd6-5758-8510-a12a24649cf5"
        version = 1
        description = "Detects a Windows shortcut that only appears after decoding: a decoded layer (base64 in a page or script) that starts with the shell link header and class id."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink)"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1027.009,T1204.002"
        status = "active"
        scope = "decoded"
        formats = "any"
        msg = "rule.encoded_shortcut"
        finding = "carve.archive_in_data"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = { 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }
    condition:
        $x1 at 0
}
