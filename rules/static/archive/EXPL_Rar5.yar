rule EXPL_Rar5_StmTraversal {
    meta:
        id = "f9dcf5cb-82f2-5560-8210-ea0de5a5a0b1"
        version = 1
        description = "Detects a RAR 5 archive whose NTFS stream record names a path with three or more parent steps: the write outside the folder of CVE-2025-8088."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2025-8088 (https://nvd.nist.gov/vuln/detail/CVE-2025-8088),RAR 5.0 archive format (https://www.rarlab.com/technote.htm)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203,T1564.004"
        status = "active"
        scope = "member"
        formats = "rar"
        msg = "rule.archive_traversal"
        finding = "name.ads"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = { 03 53 54 4D [0-24] 3A [0-200] 2E 2E (5C | 2F) 2E 2E (5C | 2F) 2E 2E (5C | 2F) }
    condition:
        uint32(0) == 0x21726152 and uint32(4) == 0x0001071A and $x1
}
