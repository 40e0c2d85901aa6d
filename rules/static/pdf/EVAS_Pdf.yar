// 0 of 971 benign PDF files escape a letter of such a name.
rule EVAS_Pdf_EscapedNames {
    meta:
        id = "196734b2-b6ce-5ac0-9349-38cbe7c8751e"
        version = 1
        description = "Detects a PDF that writes the name of an action or filter with hexadecimal escapes for plain letters, which only serves to slip past scanners."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ISO 32000-1 7.3.5"
        category = "evasion"
        severity = "high"
        confidence = 95
        attack = "T1027.010"
        status = "active"
        scope = "member"
        formats = "pdf,bin"
        msg = "rule.pdf_hidden_name"
        finding = "pdf.name_escaped"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $e1 = /\/(J|#4a|#4A)(a|#61)(v|#76)(a|#61)(S|#53)(c|#63)(r|#72)(i|#69)(p|#70)(t|#74)/
        $p1 = "/JavaScript"
        $e2 = /\/(O|#4f|#4F)(p|#70)(e|#65)(n|#6e|#6E)(A|#41)(c|#63)(t|#74)(i|#69)(o|#6f|#6F)(n|#6e|#6E)/
        $p2 = "/OpenAction"
        $e3 = /\/(L|#4c|#4C)(a|#61)(u|#75)(n|#6e|#6E)(c|#63)(h|#68)/
        $p3 = "/Launch"
        $e4 = /\/(E|#45)(m|#6d|#6D)(b|#62)(e|#65)(d|#64)(d|#64)(e|#65)(d|#64)(F|#46)(i|#69)(l|#6c|#6C)(e|#65)/
        $p4 = "/EmbeddedFile"
        $e5 = /\/(F|#46)(l|#6c|#6C)(a|#61)(t|#74)(e|#65)(D|#44)(e|#65)(c|#63)(o|#6f|#6F)(d|#64)(e|#65)/
        $p5 = "/FlateDecode"
        $e6 = /\/(S|#53)(u|#75)(b|#62)(m|#6d|#6D)(i|#69)(t|#74)(F|#46)(o|#6f|#6F)(r|#72)(m|#6d|#6D)/
        $p6 = "/SubmitForm"
    condition:
        uint32be(0) == 0x25504446 and (
                    #e1 > #p1 or
                    #e2 > #p2 or
                    #e3 > #p3 or
                    #e4 > #p4 or
                    #e5 > #p5 or
                    #e6 > #p6
                )
}

rule EVAS_Pdf_Mht {
    meta:
        id = "fed04797-6d4c-596d-8cda-37ceafb3a9fc"
        version = 1
        description = "Detects a file that starts as a PDF and carries a MIME web archive with an ActiveMime macro part, so that a word processor opens it as a document."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public report: MalDoc in PDF (JPCERT/CC 2023)"
        category = "evasion"
        severity = "critical"
        confidence = 95
        attack = "T1036.008,T1059.005"
        status = "active"
        scope = "member"
        formats = "pdf,text,any"
        msg = "rule.two_formats"
        finding = "poly.pdf_mht_activemime"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $mime = "MIME-Version:" nocase
        $x1 = "QWN0aXZlTWlt"
        $x2 = "application/x-mso" nocase
        $x3 = "<w:WordDocument>" nocase
    condition:
        uint32be(0) == 0x25504446 and $mime and any of ($x*)
}
