rule SUSP_Hta_Exec {
    meta:
        id = "29ab4873-8d9d-540a-b2d4-19c12917e4fd"
        version = 1
        description = "Detects an HTML application or a page with script that starts programs through the Windows shell objects, outside of what a browser allows."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Microsoft: HTML Applications (https://learn.microsoft.com/previous-versions/ms536471(v=vs.85))"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1218.005,T1059.005"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.hta"
        finding = "hta.any"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $h1 = "<hta:application" nocase
        $h2 = "<script" nocase
        $o1 = /(ActiveXObject|CreateObject)\s{0,4}\(\s{0,4}["\x27](WScript\.Shell|Shell\.Application)/ nocase
        $o2 = /GetObject\s{0,4}\(\s{0,4}["\x27]winmgmts:/ nocase
        $r1 = /\.(Run|Exec|ShellExecute|Create)[\s(]{1,3}["\x27a-z(]/ nocase
    condition:
        any of ($h*) and any of ($o*) and $r1
}
