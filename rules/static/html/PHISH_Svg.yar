rule PHISH_Svg_ForeignPage {
    meta:
        id = "3b014787-53ad-52d0-8d26-25321e0e2dfe"
        version = 1
        description = "Detects an SVG picture that shows a foreign web page, a form or a password field inside itself (foreignObject with frame or input)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C SVG 2: foreignObject"
        category = "phishing"
        severity = "high"
        confidence = 90
        attack = "T1027.017,T1566.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.svg_page"
        finding = "svg.foreignobject_html"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<svg" nocase
        $html = "<html" nocase
        $f = "<foreignObject" nocase
        $x1 = /<(\w{1,10}:)?(iframe|embed|object)\s/ nocase
        $x2 = /type\s{0,2}=\s{0,2}["\x27]?password/ nocase
        $x3 = /<(\w{1,10}:)?form\s[^>]{0,200}action/ nocase
        $x4 = /http-equiv\s{0,2}=\s{0,2}["\x27]?refresh/ nocase
    condition:
        $root in (0..4096) and not $html and (uint8(0) == 0x3C or uint32be(0) & 0xFFFFFF00 == 0xEFBBBF00) and $f and any of ($x*)
}
