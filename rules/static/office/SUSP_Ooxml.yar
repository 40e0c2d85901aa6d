rule SUSP_Ooxml_CustomUiRemote {
    meta:
        id = "01aef70f-f4e9-544a-9c9b-b3fc2d4be26d"
        version = 1
        description = "Detects an Office ribbon part whose load handler names a macro in another file on a web server or share, which is opened with the document."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-CUSTOMUI,CVE-2021-42292"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1137"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "ooxml.customui_onload"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<customUI" nocase
        $x1 = /onLoad="\x27?(https?:\/\/|\\\\|file:|[a-z]:\\)[^"]{1,300}"/ nocase
    condition:
        $root and $x1
}

rule SUSP_Ooxml_VstoRemote {
    meta:
        id = "075a6f86-6f8e-5f27-87f4-f3ede40d49d8"
        version = 1
        description = "Detects an Office document that loads a program add-in (VSTO) from a web server or a remote share when it is opened."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Visual Studio Tools for Office: _AssemblyLocation custom property (https://learn.microsoft.com/visualstudio/vsto)"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1137.006"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "ooxml.vsto_customization"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $p = "_AssemblyLocation"
        $x1 = /_AssemblyLocation"[^<]{0,80}>\s{0,8}<vt:lpwstr>(https?:\/\/|\\\\[a-z0-9]|file:\/\/\/?\\\\|file:\/\/[a-z0-9])/ nocase
    condition:
        $p and $x1
}
