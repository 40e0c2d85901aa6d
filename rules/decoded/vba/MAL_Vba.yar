rule MAL_Vba_OpenExec {
    meta:
        id = "b1c4a157-d736-59f6-ae96-81c3c6c2b646"
        version = 1
        description = "Detects a macro that runs by itself when the document opens or closes and calls something that starts a program (Shell, WScript.Shell, ShellExecute)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-VBAL (https://learn.microsoft.com/openspecs/microsoft_general_purpose_programming_languages/ms-vbal) 5.2.3.5"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1059.005,T1204.002"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_autorun"
        finding = "vba.autoexec_and_exec"
        fp = "in-house templates that start a helper program on opening"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $auto = /Sub\s{1,4}(Auto_?Open|Auto_?Exec|Auto_?Close|Auto_?Exit|Auto_?New|Document_?Open|Document_?Close|Document_New|Document_BeforeClose|Workbook_?Open|Workbook_?Activate|Workbook_?BeforeClose|Presentation_?Open|Slide_?Show_?Begin)\s{0,4}\(/ nocase
        $e1 = /(=|call|then|:)\s{0,4}shell[\s(]{1,3}[a-z"(]/ nocase
        $e2 = /\n\s{0,16}shell[\s(]{1,3}[a-z"(]/ nocase
        $e3 = /CreateObject\s?\(\s?"(WScript\.Shell|Shell\.Application)"/ nocase
        $e4 = "ShellExecute" nocase
        $e5 = "Win32_Process" nocase
    condition:
        $auto and any of ($e*)
}

rule MAL_Vba_OpenInterpreter {
    meta:
        id = "6b197924-12f0-559d-aa3a-94339dc018a0"
        version = 1
        description = "Detects a macro that runs by itself and starts a command interpreter or script host with hidden, encoded or downloading arguments."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-VBAL (https://learn.microsoft.com/openspecs/microsoft_general_purpose_programming_languages/ms-vbal) 5.2.3.5,LOLBAS (https://lolbas-project.github.io/)"
        category = "exec-chain"
        severity = "critical"
        confidence = 90
        attack = "T1059.005,T1059.001,T1204.002"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_autorun"
        finding = "vba.autoexec_and_exec"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $auto = /Sub\s{1,4}(Auto_?Open|Auto_?Exec|Auto_?Close|Auto_?Exit|Auto_?New|Document_?Open|Document_?Close|Document_New|Document_BeforeClose|Workbook_?Open|Workbook_?Activate|Workbook_?BeforeClose|Presentation_?Open|Slide_?Show_?Begin)\s{0,4}\(/ nocase
        $e1 = /(=|call|then|:)\s{0,4}shell[\s(]{1,3}[a-z"(]/ nocase
        $e2 = /\n\s{0,16}shell[\s(]{1,3}[a-z"(]/ nocase
        $e3 = /CreateObject\s?\(\s?"(WScript\.Shell|Shell\.Application)"/ nocase
        $e4 = "ShellExecute" nocase
        $e5 = "Win32_Process" nocase
        $i1 = /powershell[^\r\n]{1,160}(hidden|-e(nc|c|ncodedcommand)?\s|iex|invoke|download|frombase64)/ nocase
        $i2 = /mshta(\.exe)?[ "]{1,3}(https?:|javascript:|vbscript:)/ nocase
        $i3 = /(certutil|bitsadmin|regsvr32|msiexec)[^\r\n]{1,80}https?:/ nocase
        $i4 = /rundll32[^\r\n]{1,40}javascript:/ nocase
        $i5 = /cmd(\.exe)? \/c [^\r\n]{0,120}(powershell|mshta|certutil|bitsadmin|curl|cscript|wscript)/ nocase
    condition:
        $auto and any of ($e*) and any of ($i*)
}

rule MAL_Vba_ShellcodeApi {
    meta:
        id = "1d7774e8-ea66-5196-b87f-6a3782d821fa"
        version = 1
        description = "Detects a macro that declares the Windows calls to allocate memory, copy bytes into it and run them: machine code started from inside the document."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-VBAL (https://learn.microsoft.com/openspecs/microsoft_general_purpose_programming_languages/ms-vbal) 5.2.3.5,Windows API: VirtualAlloc"
        category = "exec-chain"
        severity = "critical"
        confidence = 95
        attack = "T1055,T1106"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_shellcode"
        finding = "vba.win32_declare"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $declare = /Declare\s{1,4}(PtrSafe\s{1,4})?(Function|Sub)\s/ nocase
        $a1 = "VirtualAlloc" nocase
        $a2 = "VirtualProtect" nocase
        $a3 = "HeapCreate" nocase
        $a4 = "NtAllocateVirtualMemory" nocase
        $c1 = "RtlMoveMemory" nocase
        $c2 = "WriteProcessMemory" nocase
        $c3 = "RtlCopyMemory" nocase
        $c4 = "NtWriteVirtualMemory" nocase
        $t1 = "CreateThread" nocase
        $t2 = "CreateRemoteThread" nocase
        $t3 = "QueueUserAPC" nocase
        $t4 = /Enum(SystemLocales|Windows|DesktopWindows|ChildWindows|Fonts|DateFormats|TimeFormats|UILanguages|ResourceTypes)[AWEx]{0,3}"?\s{0,2}(Lib|\()/ nocase
        $t5 = "CreateTimerQueueTimer" nocase
        $t6 = "CallWindowProc" nocase
    condition:
        $declare and any of ($a*) and any of ($c*) and any of ($t*)
}
