rule SUSP_Lnk_InterpreterArgs {
    meta:
        id = "e03043e0-c0f9-51c8-a173-8664f70f3b01"
        version = 1
        description = "Detects a Windows shortcut that starts an interpreter with arguments made to stay unseen: encoded commands, hidden windows, download or script words."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink) 2.4,LOLBAS (https://lolbas-project.github.io/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1059.001,T1204.002"
        status = "active"
        scope = "member"
        formats = "lnk"
        msg = "rule.lnk_interpreter"
        finding = "lnk.lolbin"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $i1 = "powershell" nocase wide
        $i2 = "pwsh.exe" nocase wide
        $i3 = "cmd.exe" nocase wide
        $i4 = "mshta" nocase wide
        $i5 = "wscript" nocase wide
        $i6 = "cscript" nocase wide
        $i7 = "rundll32" nocase wide
        $i8 = "regsvr32" nocase wide
        $i9 = "msiexec" nocase wide
        $i10 = "certutil" nocase wide
        $i11 = "bitsadmin" nocase wide
        $i12 = "curl.exe" nocase wide
        $i13 = "conhost.exe" nocase wide
        $s1 = "-enc" nocase wide
        $s2 = "hidden" nocase wide
        $s3 = "frombase64string" nocase wide
        $s4 = "downloadstring" nocase wide
        $s5 = "invoke-expression" nocase wide
        $s6 = "|iex" nocase wide
        $s7 = "iex(" nocase wide
        $s8 = "javascript:" nocase wide
        $s9 = "vbscript:" nocase wide
        $s10 = "findstr" nocase wide
        $s11 = "invoke-webrequest" nocase wide
        $s12 = "/i:http" nocase wide
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of ($i*) and any of ($s*)
}

rule SUSP_Lnk_UrlArg {
    meta:
        id = "aa32bc78-8f61-5eb9-957d-f5603d3b305f"
        version = 1
        description = "Detects a Windows shortcut that starts an interpreter or system tool and names a web address, so that opening it fetches and runs something."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink) 2.4,LOLBAS (https://lolbas-project.github.io/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1105,T1218"
        status = "active"
        scope = "member"
        formats = "lnk"
        msg = "rule.lnk_download"
        finding = "lnk.args_url"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $i1 = "powershell" nocase wide
        $i2 = "pwsh.exe" nocase wide
        $i3 = "cmd.exe" nocase wide
        $i4 = "mshta" nocase wide
        $i5 = "wscript" nocase wide
        $i6 = "cscript" nocase wide
        $i7 = "rundll32" nocase wide
        $i8 = "regsvr32" nocase wide
        $i9 = "msiexec" nocase wide
        $i10 = "certutil" nocase wide
        $i11 = "bitsadmin" nocase wide
        $i12 = "curl.exe" nocase wide
        $i13 = "conhost.exe" nocase wide
        $u1 = "http://" nocase wide
        $u2 = "https://" nocase wide
        $u3 = "ftp://" nocase wide
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of ($i*) and any of ($u*)
}

rule SUSP_Lnk_EmbeddedPayload {
    meta:
        id = "7188bd26-074b-5452-b13f-51cc411af8ff"
        version = 1
        description = "Detects a Windows shortcut that carries another file: a program, archive, PDF or HTML application stands in its bytes, to be cut out by its command."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink) 2.5"
        category = "exec-chain"
        severity = "high"
        confidence = 95
        attack = "T1027.009"
        status = "active"
        scope = "member"
        formats = "lnk"
        msg = "rule.lnk_payload"
        finding = "lnk.overlay"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $p1 = "This program cannot be run in DOS mode"
        $p2 = { 50 4B 03 04 (14 | 0A) 00 }
        $p3 = "%PDF-1."
        $p4 = "<script" nocase
        $p5 = "<hta:application" nocase
        $p6 = { 52 61 72 21 1A 07 }
        $p7 = { 37 7A BC AF 27 1C 00 }
        $p8 = { D0 CF 11 E0 A1 B1 1A E1 }
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of ($p*)
}

rule SUSP_Lnk_WebDav {
    meta:
        id = "a518c59d-e1b1-5e1c-8cab-6dc3dff4e38d"
        version = 1
        description = "Detects a Windows shortcut that points at a WebDAV share on a web server, which runs or loads a remote file as if it lay on a local network."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-SHLLINK (https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink) 2.4,ATT&CK T1187 (https://attack.mitre.org/techniques/T1187/)"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1187,T1218"
        status = "active"
        scope = "member"
        formats = "lnk"
        msg = "rule.lnk_remote"
        finding = "lnk.unc_icon_or_target"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "\\DavWWWRoot" nocase wide ascii
        $x2 = "@SSL\\" nocase wide ascii
        $x3 = "@80\\" wide ascii
        $x4 = "@8080\\" wide ascii
        $x5 = "@443\\" wide ascii
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of them
}
