rule SUSP_Reg_RunKey {
    meta:
        id = "6b9714fb-c257-52d9-83e7-ea23b18e28cd"
        version = 1
        description = "Detects a registry file that makes an interpreter or script start at every log-on, through a Run key, the shell value or an image hijack."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1547.001 (https://attack.mitre.org/techniques/T1547/001/)"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1112,T1547.001"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_command"
        finding = "reg.file"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $h1 = "Windows Registry Editor Version 5.00"
        $h2 = "REGEDIT4"
        $k1 = "\\CurrentVersion\\Run" nocase
        $k2 = "\\Image File Execution Options\\" nocase
        $k3 = "\\CurrentVersion\\Winlogon]" nocase
        $x1 = /=\s?"[^\r\n]{0,200}(powershell|mshta|wscript|cscript|rundll32|regsvr32|cmd\.exe|\.vbs|\.hta|\.ps1)/ nocase
    condition:
        ($h1 in (0..4) or $h2 in (0..4)) and any of ($k*) and $x1
}
