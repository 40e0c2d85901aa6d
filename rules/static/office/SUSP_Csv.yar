rule SUSP_Csv_Dde {
    meta:
        id = "bd88c533-f1c2-5a84-9630-28f65bfd8853"
        version = 2
        description = "Detects a table of plain text with a formula that starts an interpreter through DDE when the spreadsheet program opens it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "OWASP: CSV injection (https://owasp.org/www-community/attacks/CSV_Injection)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1559.002"
        status = "active"
        scope = "member"
        formats = "text,vba"
        msg = "rule.dde"
        finding = "dde.csv_formula"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /[=+@-][^\r\n]{0,60}(cmd|powershell|pwsh|mshta|rundll32|regsvr32|certutil|wscript|cscript|msexcel)(\.exe)?\x27?[ \t]{0,8}\|[ \t]{0,8}\x27[^\x27\r\n]{1,400}\x27[ \t]{0,8}!/ nocase
        $x2 = /[=+@-][^\r\n]{0,60}DDE\([ \t]{0,8}"{1,2}([a-z]:)?([\\\/.a-z0-9_ -]{0,80}[\\\/])?(cmd|powershell|pwsh|mshta|rundll32|regsvr32|certutil|wscript|cscript|msexcel)(\.exe)?"{1,2}[ \t]{0,8}[;,]/ nocase
    condition:
        any of them
}
