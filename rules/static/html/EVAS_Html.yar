rule EVAS_Html_DataUriFile {
    meta:
        id = "065d0c2e-bfbe-5b2e-96ad-1a95be2ef70f"
        version = 1
        description = "Detects a link or frame whose address carries a whole archive, program or old Office file as base64 text (data URL), so that nothing is fetched."
        author = "Airlock"
        date = "2026-11-24"
        reference = "RFC 2397"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.006"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_smuggling"
        finding = "html.data_uri_download"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /(href|src|data|location|action)[^<>"\x27]{0,40}=\s{0,4}["\x27]data:[a-z0-9.+\/-]{0,80};base64,(UEsDB|TV[qpo]Q|UmFyIRoH|N3q8ryc|0M8R4KGx|TAAAAAEUAg|TVNDRgAAAA)/ nocase
    condition:
        $x1
}

rule EVAS_Html_UnescapeWrite {
    meta:
        id = "a6a97003-99dc-5903-b8f7-053d5b510282"
        version = 1
        description = "Detects a page whose visible content is written by a script from a long text of percent escapes, so that scanners see no words and no form."
        author = "Airlock"
        date = "2026-11-24"
        reference = "HTML living standard: document.write,ECMA-262 annex B: unescape"
        category = "evasion"
        severity = "high"
        confidence = 80
        attack = "T1027.010"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_hidden"
        finding = "html.obfuscated_script"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /(unescape|decodeURIComponent|decodeURI)\(\s{0,4}["\x27`](%[0-9a-fA-F]{2}){60}/
        $w1 = "document.write" nocase
        $w2 = "innerHTML" nocase
        $w3 = "eval(" nocase
        $w4 = "document.open" nocase
    condition:
        $x1 and any of ($w*)
}
