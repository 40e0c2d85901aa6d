// 0 of 2,624 pages from public repositories hold such base64 text.
rule MAL_Html_Smuggling {
    meta:
        id = "ff2a5f36-e0d8-5063-bf48-f534e5b0dda9"
        version = 1
        description = "Detects a page or script that decodes an archive, program or document held as base64 text in itself and hands it over as a download (HTML smuggling)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C File API,ATT&CK T1027.006 (https://attack.mitre.org/techniques/T1027/006/)"
        category = "evasion"
        severity = "critical"
        confidence = 90
        attack = "T1027.006"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_smuggling"
        finding = "html.smuggling_payload"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $d1 = "atob(" nocase
        $d2 = "fromCharCode" nocase
        $d3 = "Uint8Array" nocase
        $d4 = ".charCodeAt(" nocase
        $b1 = "new Blob(" nocase
        $b2 = "new File(" nocase
        $b3 = "window[\"Blob\"]"
        $u1 = "createObjectURL" nocase
        $u2 = "msSaveOrOpenBlob" nocase
        $u3 = "msSaveBlob" nocase
        $m = /["\x27`](UEsDB|TV[qpo]Q|UmFyIRoH|N3q8ryc|0M8R4KGx|TAAAAAEUAg|TVNDRgAAAA)[A-Za-z0-9+\/=]{60}/
    condition:
        $m and any of ($d*) and any of ($b*) and any of ($u*)
}

rule MAL_Html_SmugglingNamed {
    meta:
        id = "f5473b6d-7873-571f-bb64-4344da5e82c0"
        version = 1
        description = "Detects a page that builds a file from decoded text and offers it under a fixed name that ends like an archive, disk image, program or script."
        author = "Airlock"
        date = "2026-11-24"
        reference = "W3C File API,ATT&CK T1027.006 (https://attack.mitre.org/techniques/T1027/006/)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.006"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_smuggling"
        finding = "html.smuggling_js"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $d1 = "atob(" nocase
        $d2 = "fromCharCode" nocase
        $b1 = "new Blob(" nocase
        $b2 = "new File(" nocase
        $b3 = "window[\"Blob\"]"
        $u1 = "createObjectURL" nocase
        $u2 = "msSaveOrOpenBlob" nocase
        $u3 = "msSaveBlob" nocase
        $n = /(\.download\s{0,4}=\s{0,4}|setAttribute\(["\x27]download["\x27],\s{0,4}|new File\(\[[^\]]{0,120}\],\s{0,4}|msSaveOrOpenBlob\([^,]{1,120},\s{0,4})["\x27`][^"\x27`\r\n]{1,120}\.(zip|iso|img|vhd|vhdx|rar|7z|exe|msi|js|jse|vbs|vbe|hta|lnk|wsf|bat|cmd|ps1|scr|xll|one|cab)["\x27`]/ nocase
    condition:
        $n and any of ($d*) and any of ($b*) and any of ($u*)
}
