rule EVAS_Image_AppendedFile {
    meta:
        id = "9a078fa5-eb80-5a8b-8f1e-b55204e1876e"
        version = 1
        description = "Detects a picture (PNG, JPEG, GIF) with an archive or program right behind its end, which viewers skip and other tools cut out and run."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C PNG 11.2.5,ITU-T T.81,GIF89a specification"
        category = "evasion"
        severity = "high"
        confidence = 95
        attack = "T1027.003,T1036.008"
        status = "active"
        scope = "member"
        formats = "image,png,jpeg,gif"
        msg = "rule.picture_payload"
        finding = "append.after_image"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $p1 = { 49 45 4E 44 AE 42 60 82 ( 4D 5A | 50 4B 03 04 | 52 61 72 21 1A 07 | 37 7A BC AF 27 1C | 4C 00 00 00 01 14 02 00 | 7F 45 4C 46 ) }
        $j1 = { FF D9 ( 50 4B 03 04 | 52 61 72 21 1A 07 | 37 7A BC AF 27 1C | 4D 5A 90 00 | 7F 45 4C 46 ) }
        $g1 = { 00 3B ( 50 4B 03 04 | 52 61 72 21 1A 07 | 37 7A BC AF 27 1C | 4D 5A 90 00 | 7F 45 4C 46 ) }
    condition:
        (uint32be(0) == 0x89504E47 and $p1) or (uint16be(0) == 0xFFD8 and $j1) or (uint32be(0) == 0x47494638 and $g1)
}
