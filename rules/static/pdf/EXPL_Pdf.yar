rule EXPL_Pdf_LaunchExec {
    meta:
        id = "901b3ba4-3973-59f7-83bf-31f321d0cc96"
        version = 1
        description = "Detects a PDF launch action that names a command interpreter, script host, program or remote share to be started by the reader."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ISO 32000-1 12.6.4.5"
        category = "exec-chain"
        severity = "critical"
        confidence = 90
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "pdf,bin,text"
        msg = "rule.pdf_launch"
        finding = "pdf.launch"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $a1 = /\/S\s{0,4}\/Launch[\s\/><]/
        $x1 = /\/(F|P|D)\s{0,4}\([^()\r\n]{0,200}(cmd\.exe|powershell|mshta|wscript|cscript|rundll32|\.exe|\.bat|\.vbs|\.hta|\.scr)/ nocase
        $x2 = /\/F\s{0,4}\(\\\\\\\\[a-z0-9]/ nocase
    condition:
        $a1 and any of ($x*)
}
