rule EXPL_Html_Protocol {
    meta:
        id = "1c9e8d47-80cb-52a3-8a6f-0319f9e7d0a3"
        version = 1
        description = "Detects a page that sends the browser to a Windows protocol handler with a command or a remote search place (search-ms, ms-msdt, ms-officecmd and others)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2022-30190 (https://nvd.nist.gov/vuln/detail/CVE-2022-30190),CVE-2023-36884"
        category = "exploit"
        severity = "high"
        confidence = 90
        attack = "T1218,T1187"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_protocol"
        finding = "html.protocol_handler"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /(href|src|url|location|action|assign|replace|open)["\x27]?\s{0,4}[=(,:]\s{0,4}["\x27`]?\s{0,4}(search-ms:|search:query=|ms-msdt:|ms-officecmd:|ms-appinstaller:\?source=|ms-cxh-full:|ms-excel:ofv\|u\|file:|ms-word:ofe\|u\|file:|shell:::\{)/ nocase
    condition:
        $x1
}
