rule EXPL_Equation_Font {
    meta:
        id = "2b750b1e-5250-556e-a241-26ed09c815e7"
        version = 1
        description = "Detects an equation object whose font name is longer than the 40 bytes that the retired equation editor has room for (CVE-2017-11882, CVE-2018-0802)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2017-11882 (https://nvd.nist.gov/vuln/detail/CVE-2017-11882),MTEF version 3 description (rtf2latex2e project)"
        category = "exploit"
        severity = "critical"
        confidence = 92
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.equation"
        finding = "ole.equation_overflow"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\x1c\x00\x00\x00\x02\x00.{22}\x03[\x00-\x02][\x00-\x02].{2,8}\x08[^\x00]{2}[^\x00]{41}/s
    condition:
        $x1
}
