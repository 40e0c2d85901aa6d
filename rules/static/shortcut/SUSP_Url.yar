rule SUSP_Url_UncFetch {
    meta:
        id = "eb5c42b2-ca9f-5b6e-aa9c-9e34115b1147"
        version = 1
        description = "Detects an internet shortcut whose icon or address lies on a remote file share: showing the folder already sends the account name and hash there."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1187 (https://attack.mitre.org/techniques/T1187/)"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1187"
        status = "active"
        scope = "member"
        formats = "url,text"
        msg = "rule.url_remote"
        finding = "url.file_scheme_or_unc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $head = "[InternetShortcut]" nocase
        $x1 = /IconFile=(\\\\|file:\/\/)[a-z0-9]/ nocase
        $x2 = /URL=(file:\/\/|file:\\\\|\\\\)[a-z0-9]/ nocase
    condition:
        $head in (0..64) and any of ($x*)
}
