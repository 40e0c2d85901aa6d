rule INFO_Pe_AutoIt {
    meta:
        id = "8e5ca010-790b-5d41-b3bc-e47774372b73"
        version = 1
        description = "Detects a Windows program that carries a compiled AutoIt script, a common tool for small utilities and for loaders of malware."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1059.010 (https://attack.mitre.org/techniques/T1059/010/)"
        category = "info"
        severity = "low"
        confidence = 70
        attack = "T1059.010"
        status = "active"
        scope = "member"
        formats = "pe,exe"
        msg = "rule.program_script"
        finding = "script_packer.autoit_ahk"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "AU3!EA06"
        $x2 = "AU3!EA05"
    condition:
        uint16(0) == 0x5A4D and any of them
}

rule INFO_Pe_Upx {
    meta:
        id = "b3e7d757-2b48-5ae7-883d-2607b40b1b50"
        version = 1
        description = "Detects a Windows program packed with UPX: its sections carry the names of that packer, the real code only appears when it runs."
        author = "Airlock"
        date = "2026-11-24"
        reference = "UPX documentation (https://upx.github.io/)"
        category = "info"
        severity = "low"
        confidence = 60
        attack = "T1027.002"
        status = "active"
        scope = "member"
        formats = "pe,exe"
        msg = "rule.program_packed"
        finding = "exe.packed"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "UPX0"
        $x2 = "UPX1"
    condition:
        uint16(0) == 0x5A4D and
                $x1 at (uint32(0x3C) + 24 + uint16(uint32(0x3C) + 20)) and
                $x2 at (uint32(0x3C) + 64 + uint16(uint32(0x3C) + 20))
}
