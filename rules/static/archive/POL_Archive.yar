rule POL_Archive_RareFormat {
    meta:
        id = "de73a38e-9a5d-5dee-9e3b-ff15ce98f70b"
        version = 1
        description = "Detects archive formats that are hardly used for honest work today and that few tools open: ACE, ARJ, ZPAQ and uuencoded files."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1027.015 (https://attack.mitre.org/techniques/T1027/015/)"
        category = "policy"
        severity = "low"
        confidence = 60
        attack = "T1027.015"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.archive_rare"
        finding = "arc.rare_format"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $ace = "**ACE**"
        $zpaq = "7kSt\xA01\x83\xD3\x8C\xB2\x28\xB0\xD3"
        $uue = /begin [0-7]{3} [ -~]{1,100}\r?\n/
    condition:
        $ace at 7 or $zpaq at 0 or $uue at 0 or (uint16(0) == 0xEA60 and uint16(2) < 2601 and uint8(4) < 0x40 and uint8(10) < 5)
}
