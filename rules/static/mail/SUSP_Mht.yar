rule SUSP_Mht_ActiveMime {
    meta:
        id = "f9a88e9d-d60d-5c17-b0c6-adb5a2ce7ef1"
        version = 1
        description = "Detects a web archive (MHT) with an ActiveMime part: a macro project packed so that the file looks like a saved page while the word processor runs it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "RFC 2557,Public report: ActiveMime in MHT documents (SANS ISC diary)"
        category = "evasion"
        severity = "high"
        confidence = 80
        attack = "T1059.005,T1036.008"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_hidden_part"
        finding = "mht.activemime"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $mime = "MIME-Version:" nocase
        $x1 = "\nQWN0aXZlTWlt"
        $x2 = "\nActiveMime"
    condition:
        $mime in (0..2048) and any of ($x*)
}
