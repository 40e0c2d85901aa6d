rule EVAS_Pe_DocumentName {
    meta:
        id = "b7d7ba54-b406-5c04-a2fc-820cda2020e6"
        version = 1
        description = "Detects a Windows program whose version data gives it the name of a document or picture (an original file name such as report.pdf.exe)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "PE resources: VS_VERSIONINFO (https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1036.007,T1036.005"
        status = "active"
        scope = "member"
        formats = "pe,exe"
        msg = "rule.program_as_document"
        finding = "exe.double_hidden"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $v = "OriginalFilename" wide
        $x1 = /\.(pdf|docx?|xlsx?|pptx?|jpe?g|png|txt|rtf)\.(exe|scr|com|pif|dll)/ nocase wide
    condition:
        uint16(0) == 0x5A4D and $v and $x1
}
