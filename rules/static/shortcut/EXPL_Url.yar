rule EXPL_Url_RemoteExec {
    meta:
        id = "54badd71-d35e-5039-9dbc-895b17a66747"
        version = 1
        description = "Detects an internet shortcut whose address is a remote file share and names a program, script or another shortcut, as in CVE-2024-21412."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2024-21412 (https://nvd.nist.gov/vuln/detail/CVE-2024-21412),CVE-2025-33053"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1187,T1204.002"
        status = "active"
        scope = "member"
        formats = "url,text"
        msg = "rule.url_remote"
        finding = "url.file_scheme_or_unc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $head = "[InternetShortcut]" nocase
        $x1 = /URL=(file:(\/\/|\/\/\/\/|\\\\)[a-z0-9]|\\\\[a-z0-9])[^\r\n]{1,300}\.(url|lnk|cpl|hta|exe|scr|vbs|vbe|js|jse|wsf|bat|cmd|msi|zip|website)\s/ nocase
        $x2 = /WorkingDirectory=\\\\[a-z0-9.-]{1,100}@?[a-z0-9]{0,6}\\/ nocase
    condition:
        $head in (0..64) and any of ($x*)
}

rule EXPL_Url_Mhtml {
    meta:
        id = "a8b96335-c691-5e9b-87fa-f129a1e6941f"
        version = 1
        description = "Detects an internet shortcut with an mhtml address or an x-usc part, which forces the retired Internet Explorer engine as in CVE-2024-38112."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2024-38112 (https://nvd.nist.gov/vuln/detail/CVE-2024-38112)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203,T1218"
        status = "active"
        scope = "member"
        formats = "url,text"
        msg = "rule.url_old_engine"
        finding = "url.file_scheme_or_unc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $head = "[InternetShortcut]" nocase
        $x1 = "URL=mhtml:" nocase
        $x2 = "!x-usc:" nocase
    condition:
        $head in (0..64) and any of ($x*)
}
