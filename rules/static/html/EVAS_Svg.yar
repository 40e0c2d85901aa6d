// 0 of 1,856 benign SVG files have a script or a handler; charts made by profilers do, without these calls.
rule EVAS_Svg_ActiveScript {
    meta:
        id = "70639826-ebec-50ca-b733-448a6616312a"
        version = 1
        description = "Detects an SVG picture with a script that decodes text, opens another address or builds a page: a picture that behaves like a program."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C SVG 2 chapter 15,ATT&CK T1027.017 (https://attack.mitre.org/techniques/T1027/017/)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.017"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.svg_script"
        finding = "svg.script"
        fp = "interactive charts that link to their own pages"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<svg" nocase
        $html = "<html" nocase
        $s1 = "<script" nocase
        $s2 = /\son(load|click|mouseover|begin|error|focusin)\s{0,2}=/ nocase
        $s3 = /href\s{0,2}=\s{0,2}["\x27](javascript|data:text\/html)/ nocase
        $x1 = "atob(" nocase
        $x2 = "eval(" nocase
        $x3 = /location(\.href)?\s{0,2}=\s{0,2}[^=\s]/ nocase
        $x4 = /location\.(replace|assign)\(/ nocase
        $x5 = "window.open(" nocase
        $x6 = "fromCharCode" nocase
        $x7 = "createObjectURL" nocase
        $x8 = "document.write" nocase
        $x9 = "XMLHttpRequest" nocase
        $x10 = "fetch(" nocase
        $x11 = /new\s{1,3}Function\(/ nocase
        $x12 = "decodeURIComponent(" nocase
    condition:
        $root in (0..4096) and not $html and (uint8(0) == 0x3C or uint32be(0) & 0xFFFFFF00 == 0xEFBBBF00) and any of ($s*) and any of ($x*)
}
