rule EVAS_Js_Esoteric {
    meta:
        id = "c6999528-b938-5a0d-a586-1e8311a2c42c"
        version = 1
        description = "Detects JavaScript written only with brackets and signs or with face-like signs (JSFuck, JJEncode, AAEncode), a form that nobody writes by hand."
        author = "Airlock"
        date = "2026-11-24"
        reference = "JSFuck (https://jsfuck.com),Public descriptions of JJEncode and AAEncode"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1027.010"
        status = "active"
        scope = "member"
        formats = "text,pdf,bin"
        msg = "rule.script_hidden"
        finding = "pdf.js_obfuscated"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $f1 = "(![]+[])["
        $f2 = "(!![]+[])["
        $f3 = "[+!+[]]"
        $j1 = "=~[];"
        $j2 = "={___:++$"
        $a1 = "\xEF\xBE\x9F\xCF\x89\xEF\xBE\x9F\xEF\xBE\x89= /"
        $a2 = "(\xEF\xBE\x9F\xD0\x94\xEF\xBE\x9F)"
    condition:
        (#f1 > 8 and #f2 > 4 and #f3 > 8) or ($j1 in (0..4096) and $j2) or ($a1 and #a2 > 4)
}

rule EVAS_Js_RenamedIdentifiers {
    meta:
        id = "3b5653d4-588c-550b-a0f7-8526d1152292"
        version = 1
        description = "Detects JavaScript whose names are all replaced by numbered ones as renaming tools do; shops use such tools as well, so this one only watches."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public documentation of javascript-obfuscator (https://obfuscator.io)"
        category = "evasion"
        severity = "low"
        confidence = 50
        attack = "T1027.010"
        status = "shadow"
        scope = "member"
        formats = "text"
        msg = "rule.script_hidden"
        finding = "html.obfuscated_script"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /_0x[0-9a-f]{4,6}[^0-9a-f]/
    condition:
        filesize < 1MB and #x1 > 40
}
