rule EXPL_Ole2Link_Url {
    meta:
        id = "b73e46e5-9b7c-5a02-9969-de53c28ba987"
        version = 1
        description = "Detects a linked object whose source is a web address (URL moniker in an OLE2Link or in RTF object data), as in CVE-2017-0199."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2017-0199 (https://nvd.nist.gov/vuln/detail/CVE-2017-0199),MS-OSHARED 2.3.7"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203,T1221"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.office_remote"
        finding = "ole.moniker_remote"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $link1 = "OLE2Link" nocase
        $link2 = "O\x00L\x00E\x002\x00L\x00i\x00n\x00k\x00"
        $mon = { E0 C9 EA 79 F9 BA CE 11 8C 82 00 AA 00 4B A9 0B }
        $hex = "e0c9ea79f9bace118c8200aa004ba90b" nocase
        $obj = "\\objdata"
    condition:
        (any of ($link*) and $mon) or (uint32be(0) == 0x7B5C7274 and $obj and $hex)
}
