rule INFO_Svg_Script {
    meta:
        id = "d7d4e1e2-75b7-5827-a16a-5d6227f4811d"
        version = 1
        description = "Detects an SVG picture with a script element or an event handler of any kind; pictures need none, interactive charts have some."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C SVG 2 chapter 15"
        category = "active-content"
        severity = "low"
        confidence = 80
        attack = "T1027.017"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.svg_script"
        finding = "svg.script"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<svg" nocase
        $html = "<html" nocase
        $s1 = "<script" nocase
        $s2 = /\son(load|click|mouseover|begin|error|focusin)\s{0,2}=/ nocase
    condition:
        $root in (0..4096) and not $html and (uint8(0) == 0x3C or uint32be(0) & 0xFFFFFF00 == 0xEFBBBF00) and any of ($s*)
}
