rule SUSP_Bat_LolbinChain {
    meta:
        id = "891f2d81-a79c-5327-8306-0c7c66edf6c2"
        version = 1
        description = "Detects a batch file that fetches or decodes a file with a system tool made for something else (certutil, bitsadmin, mshta, regsvr32, rundll32)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "LOLBAS (https://lolbas-project.github.io/)"
        category = "exec-chain"
        severity = "high"
        confidence = 80
        attack = "T1218,T1105"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.script_dropper"
        finding = "bat.lolbin_chain"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $b1 = "@echo off" nocase
        $b2 = "setlocal" nocase
        $b3 = "%temp%" nocase
        $b4 = "%appdata%" nocase
        $b5 = "%~dp0" nocase
        $x1 = /certutil(\.exe)?\s[^\r\n]{0,80}[-\/](urlcache|decode|decodehex)\s/ nocase
        $x2 = /bitsadmin(\.exe)?\s[^\r\n]{0,60}\/transfer\s[^\r\n]{0,80}https?:/ nocase
        $x3 = /mshta(\.exe)?\s{1,3}["\x27]?(https?:|javascript:|vbscript:)/ nocase
        $x4 = /regsvr32(\.exe)?\s[^\r\n]{0,60}\/i:https?:/ nocase
        $x5 = /rundll32(\.exe)?\s[^\r\n]{0,40}javascript:/ nocase
        $x6 = /findstr\s[^\r\n]{0,80}%~f0[^\r\n]{0,80}>/ nocase
    condition:
        filesize < 256KB and any of ($b*) and any of ($x*)
}
