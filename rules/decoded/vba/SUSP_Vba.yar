rule SUSP_Vba_Decoder {
    meta:
        id = "ed281ec2-87dc-52ce-b8b8-02cf7dc397d6"
        version = 1
        description = "Detects a macro or VBScript that builds its texts from long chains of single character codes, so that commands and addresses cannot be read in it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1027.010 (https://attack.mitre.org/techniques/T1027/010/)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.010,T1140"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_hidden_text"
        finding = "vba.obfuscation"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /Chr[W$]{0,2}\(\s?(&H)?[0-9A-F]{2,3}\s?\)(\s?[&+]\s?(_\s{1,4})?Chr[W$]{0,2}\(\s?(&H)?[0-9A-F]{2,3}\s?\)){9}/ nocase
    condition:
        #x1 > 0
}

rule SUSP_Vba_DownloadRun {
    meta:
        id = "b6a93450-adcf-5508-9da3-240b99ddbf64"
        version = 1
        description = "Detects a macro that runs by itself, fetches a file from the network (URLDownloadToFile, XMLHTTP, WinHttp) and saves or starts it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-VBAL (https://learn.microsoft.com/openspecs/microsoft_general_purpose_programming_languages/ms-vbal),ATT&CK T1105 (https://attack.mitre.org/techniques/T1105/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1105,T1059.005"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_download"
        finding = "vba.download"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $auto = /Sub\s{1,4}(Auto_?Open|Auto_?Exec|Auto_?Close|Auto_?Exit|Auto_?New|Document_?Open|Document_?Close|Document_New|Document_BeforeClose|Workbook_?Open|Workbook_?Activate|Workbook_?BeforeClose|Presentation_?Open|Slide_?Show_?Begin)\s{0,4}\(/ nocase
        $d1 = "URLDownloadToFile" nocase
        $d2 = "XMLHTTP" nocase
        $d3 = "WinHttp.WinHttpRequest" nocase
        $d4 = "InternetExplorer.Application" nocase
        $s1 = "SaveToFile" nocase
        $s2 = "responseBody" nocase
        $s3 = "ShellExecute" nocase
        $s4 = "WScript.Shell" nocase
        $s5 = /[=\s(]Shell[\s(]{1,3}[a-z"(]/ nocase
    condition:
        $auto and any of ($d*) and any of ($s*)
}

rule SUSP_Vba_SecurityTamper {
    meta:
        id = "e7ef76b8-fbb1-59e8-971f-6d5b9a3fb17c"
        version = 1
        description = "Detects a macro or script that writes the Office security settings: trust in the macro project, the macro warning level or the protected view."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public documentation of the Office policy keys AccessVBOM and VBAWarnings (https://learn.microsoft.com/deployoffice)"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1685,T1112"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_tamper"
        finding = "vba.security_tamper"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $k1 = /\\Security\\(AccessVBOM|VBAWarnings)/ nocase
        $k2 = /\\Security\\ProtectedView\\Disable/ nocase
        $w1 = "RegWrite" nocase
        $w2 = "reg add" nocase
        $w3 = "SetDWORDValue" nocase
        $w4 = "Set-ItemProperty" nocase
        $w5 = "New-ItemProperty" nocase
    condition:
        any of ($k*) and any of ($w*)
}

rule SUSP_Vba_SelfModify {
    meta:
        id = "229c10ba-c842-593b-8b8e-2be63ddc856c"
        version = 1
        description = "Detects a macro that runs by itself and writes new macro code into its own project, so that the code that acts is not in the file yet."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-VBAL (https://learn.microsoft.com/openspecs/microsoft_general_purpose_programming_languages/ms-vbal),Office VBA reference: VBProject and CodeModule"
        category = "evasion"
        severity = "high"
        confidence = 80
        attack = "T1027.010"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_self_writing"
        finding = "vba.self_modify"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $auto = /Sub\s{1,4}(Auto_?Open|Auto_?Exec|Auto_?Close|Auto_?Exit|Auto_?New|Document_?Open|Document_?Close|Document_New|Document_BeforeClose|Workbook_?Open|Workbook_?Activate|Workbook_?BeforeClose|Presentation_?Open|Slide_?Show_?Begin)\s{0,4}\(/ nocase
        $p = "VBProject" nocase
        $m1 = ".AddFromString" nocase
        $m2 = ".InsertLines" nocase
        $m3 = ".AddFromFile" nocase
        $m4 = "VBComponents.Import" nocase
    condition:
        $auto and $p and any of ($m*)
}

rule SUSP_Vba_WmiProcess {
    meta:
        id = "78a703e2-80ef-5eed-8011-ab8317c7dd07"
        version = 1
        description = "Detects a macro or script that starts a program through Windows management (Win32_Process Create), which hides that the document started it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1047 (https://attack.mitre.org/techniques/T1047/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1047"
        status = "active"
        scope = "member"
        formats = "vba,text"
        msg = "rule.macro_wmi"
        finding = "vba.wmi_process"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $w1 = "winmgmts:" nocase
        $w2 = "WbemScripting.SWbemLocator" nocase
        $p = "Win32_Process" nocase
        $c1 = /\.Create[\s(]{1,3}[a-z"]/ nocase
        $c2 = "ExecMethod" nocase
        $v1 = "Attribute VB_" nocase
        $v2 = "Sub " nocase
        $v3 = "GetObject(" nocase
        $v4 = "CreateObject(" nocase
    condition:
        any of ($w*) and $p and any of ($c*) and any of ($v*)
}
