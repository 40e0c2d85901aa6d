rule EXPL_Odf_ScriptTraversal {
    meta:
        id = "5c1014e9-88bf-5ea1-8b4f-7903d50b9d43"
        version = 1
        description = "Detects an OpenDocument script address that climbs out of the document with parent steps to reach code elsewhere on the machine (CVE-2018-16858)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2018-16858 (https://nvd.nist.gov/vuln/detail/CVE-2018-16858)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.odf_traversal"
        finding = "odf.script_traversal"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /"vnd\.sun\.star\.script:[^"\s]{0,120}(\.\.|%2e%2e)[\/\\|]/ nocase
    condition:
        $x1
}
