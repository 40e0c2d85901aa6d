rule EVAS_Ps1_AmsiBypass {
    meta:
        id = "011fe5df-3635-55ce-afe8-756de73e10c8"
        version = 1
        description = "Detects PowerShell or macro code that switches off the malware scan interface of Windows (AMSI) or event tracing before it acts."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Microsoft: Antimalware Scan Interface (https://learn.microsoft.com/windows/win32/amsi)"
        category = "evasion"
        severity = "critical"
        confidence = 90
        attack = "T1685"
        status = "active"
        scope = "member"
        formats = "text,vba"
        msg = "rule.powershell"
        finding = "ps1.amsi_bypass"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "amsiInitFailed" nocase
        $x2 = "AmsiUtils" nocase
        $x3 = "AmsiScanBuffer" nocase
        $x4 = "EtwEventWrite" nocase
        $s1 = "SetValue(" nocase
        $s2 = "VirtualProtect" nocase
        $s3 = "GetField(" nocase
        $s4 = "Marshal]::Copy" nocase
        $s5 = "RtlMoveMemory" nocase
    condition:
        any of ($x*) and any of ($s*)
}
