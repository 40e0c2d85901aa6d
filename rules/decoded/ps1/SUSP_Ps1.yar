rule SUSP_Ps1_EncodedCommand {
    meta:
        id = "c7845154-bcdb-5856-bc2a-ac39cadf610f"
        version = 1
        description = "Detects a PowerShell call with a base64 command on its command line, in a script, macro or settings file; the text of the command is not readable."
        author = "Airlock"
        date = "2026-11-24"
        reference = "about_PowerShell_exe (https://learn.microsoft.com/powershell)"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1059.001,T1027.010"
        status = "active"
        scope = "member"
        formats = "text,vba"
        msg = "rule.powershell"
        finding = "ps1.encoded_command"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /(powershell|pwsh)(\.exe)?["\x27]{0,2}\s[^\r\n]{0,200}[-\/]e(nc|c|nco|ncod|ncode|ncodedcommand)?\s{1,3}["\x27]{0,2}[A-Za-z0-9+\/=]{48}/ nocase
    condition:
        $x1
}

rule SUSP_Ps1_HiddenCradle {
    meta:
        id = "a9ed9c42-f7fa-57fe-b4dc-e7b5aebdd03b"
        version = 1
        description = "Detects PowerShell that fetches text from the network and runs it at once, with a hidden window or a program loaded straight into memory."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1059.001 (https://attack.mitre.org/techniques/T1059/001/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1059.001,T1105"
        status = "active"
        scope = "member"
        formats = "text,vba"
        msg = "rule.powershell"
        finding = "ps1.encoded_command"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $d1 = ".DownloadString(" nocase
        $d2 = ".DownloadData(" nocase
        $d3 = "Invoke-WebRequest" nocase
        $d4 = "Invoke-RestMethod" nocase
        $d5 = ".DownloadFile(" nocase
        $d6 = /[\s(;|]i(wr|rm) ["\x27]?https?:/ nocase
        $e1 = /[\s(;|&"\x27]iex[\s(;|"\x27]/ nocase
        $e2 = "Invoke-Expression" nocase
        $e3 = "Reflection.Assembly]::Load(" nocase
        $e4 = "Start-Process" nocase
        $h1 = /-w(in|indowstyle)?\s{1,3}["\x27]?(hidden|h|1)["\x27\s]/ nocase
        $h2 = "Assembly]::Load(" nocase
        $h3 = "-bxor" nocase
    condition:
        filesize < 1MB and any of ($d*) and any of ($e*) and any of ($h*)
}
