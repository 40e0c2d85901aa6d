rule SUSP_Pdf_ExportLaunch {
    meta:
        id = "2105a8f2-7684-5738-be88-00f7e07e7593"
        version = 1
        description = "Detects PDF JavaScript that saves an attachment of the document and opens it (exportDataObject with nLaunch), which leaves the reader and runs the file."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Acrobat JavaScript API reference: Doc.exportDataObject"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1204.002,T1059.007"
        status = "active"
        scope = "member"
        formats = "pdf,js,bin,text"
        msg = "rule.pdf_script"
        finding = "pdf.js_suspicious_api"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $f = "exportDataObject"
        $x1 = /exportDataObject\s{0,4}\([^)]{0,300}nLaunch["\x27]?\s{0,4}:\s{0,4}[12]/
    condition:
        $f and $x1
}

rule SUSP_Pdf_RemoteFile {
    meta:
        id = "2a7c8974-531e-5875-8258-914988d152d0"
        version = 1
        description = "Detects a PDF action that opens, sends to or loads a file on a remote share (UNC path), which gives the account hash away without a question."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ISO 32000-1 12.6.4,ATT&CK T1187 (https://attack.mitre.org/techniques/T1187/)"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1187"
        status = "active"
        scope = "member"
        formats = "pdf,bin,text"
        msg = "rule.pdf_remote"
        finding = "pdf.goto_remote"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $a1 = /\/(GoToR|GoToE|Launch|SubmitForm|ImportData|Thread)[\s\/><]/
        $x1 = /\/U?F\s{0,4}\(\\\\\\\\[a-z0-9]/ nocase
        $x2 = /\/U?F\s{0,4}\((file:)?\/\/[a-z0-9][a-z0-9.-]{1,100}[\/\\@]/ nocase
    condition:
        $a1 and any of ($x*)
}

rule SUSP_Pdf_AttachmentExec {
    meta:
        id = "7d11da6c-ce3c-55eb-8828-003440dc8553"
        version = 1
        description = "Detects a PDF with an attached file whose name ends like a program, script, shortcut, disk image or document with macros."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ISO 32000-1 7.11.4"
        category = "exec-chain"
        severity = "high"
        confidence = 95
        attack = "T1204.002,T1027.009"
        status = "active"
        scope = "member"
        formats = "pdf,bin,text"
        msg = "rule.pdf_attachment"
        finding = "pdf.embedded_exec"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $a1 = /\/(EmbeddedFile|Filespec|EF)[\s\/<]/
        $x1 = /\/U?F\s{0,4}\([^()\r\n]{1,160}\.(exe|scr|pif|bat|cmd|vbs|vbe|js|jse|wsf|hta|lnk|ps1|cpl|msi|jar|settingcontent-ms|iso|img|docm|xlsm)\)/ nocase
    condition:
        $a1 and $x1
}

rule SUSP_Pdf_UriProtocol {
    meta:
        id = "089c9c33-5c98-5bc5-b9cf-fd5b27ade5d3"
        version = 1
        description = "Detects a link in a PDF that goes to a Windows protocol handler, a script address or a file share instead of a web page."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ISO 32000-1 12.6.4.7"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1204.001,T1218"
        status = "active"
        scope = "member"
        formats = "pdf,bin,text"
        msg = "rule.pdf_link"
        finding = "pdf.uri_exec_or_dl"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\/URI\s{0,4}\((search-ms:|search:query|ms-msdt:|ms-officecmd:|ms-appinstaller:|ms-excel:|ms-word:|javascript:|vbscript:|file:\/\/[a-z0-9]|\\\\\\\\[a-z0-9])/ nocase
    condition:
        $x1
}
