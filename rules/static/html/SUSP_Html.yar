rule SUSP_Html_BlobDownload {
    meta:
        id = "f2b80733-9278-5920-9a61-82da94f139fb"
        version = 1
        description = "Detects a page that decodes text, builds a file from it and clicks its own download link; web applications do so too, so this one only watches."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C File API"
        category = "active-content"
        severity = "low"
        confidence = 60
        attack = "T1027.006"
        status = "shadow"
        scope = "member"
        formats = "text"
        msg = "rule.html_smuggling"
        finding = "html.smuggling_js"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $d1 = "atob(" nocase
        $b1 = "new Blob(" nocase
        $b2 = "new File(" nocase
        $b3 = "window[\"Blob\"]"
        $u1 = "createObjectURL" nocase
        $u2 = "msSaveOrOpenBlob" nocase
        $u3 = "msSaveBlob" nocase
        $c1 = ".click()" nocase
        $n1 = ".download" nocase
        $h1 = "<html" nocase
    condition:
        filesize < 512KB and $h1 and $c1 and $n1 and $d1 and any of ($b*) and any of ($u*)
}
