rule SUSP_Xlm_Exec {
    meta:
        id = "44e2b76a-8c97-57de-a48e-409f2dbe55a3"
        version = 1
        description = "Detects an Excel 4 macro sheet with a formula that starts programs, calls libraries or writes files (EXEC, CALL, REGISTER, FOPEN)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-XLS 2.5.198 and ECMA-376 part 4: macro sheets"
        category = "exec-chain"
        severity = "critical"
        confidence = 90
        attack = "T1059,T1204.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.xlm_exec"
        finding = "xlm.exec_call"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<xm:macrosheet" nocase
        $x1 = /<f[^>]{0,60}>[^<]{0,200}(EXEC|CALL|REGISTER|REGISTER\.ID|FOPEN|FWRITELN|FWRITE)\(/
    condition:
        $root and $x1
}
