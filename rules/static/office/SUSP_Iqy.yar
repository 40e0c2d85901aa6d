rule SUSP_Iqy_WebQuery {
    meta:
        id = "77b0c333-3e71-5c03-95ac-798928595c4f"
        version = 1
        description = "Detects an Excel web query file: it makes the spreadsheet fetch an address and use the answer as formulas, which may start programs."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1105 (https://attack.mitre.org/techniques/T1105/)"
        category = "exec-chain"
        severity = "high"
        confidence = 80
        attack = "T1105"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "office.iqy_rqy_oqy_slk"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /WEB\r?\n[0-9]{1,2}\r?\nhttps?:\/\// nocase
    condition:
        $x1 at 0
}
