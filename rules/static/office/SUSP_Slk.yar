rule SUSP_Slk_Macro {
    meta:
        id = "c55b5cc0-83b2-5060-8a67-3b0894104135"
        version = 1
        description = "Detects a symbolic link (SYLK) spreadsheet with the macro option and a cell that starts programs or calls libraries; protected view does not apply to it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "SYLK file format description; public report: Abusing the SYLK file format (Outflank 2019)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1059,T1204.002"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.xlm_exec"
        finding = "xlm.slk"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $id = "ID;P"
        $opt = /\nO;[^\r\n]{0,40}E/
        $x1 = /E(EXEC|CALL|REGISTER|FOPEN)\(/ nocase
    condition:
        $id at 0 and $opt and $x1
}
