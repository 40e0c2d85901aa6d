rule SUSP_ShellExplorer_Lnk {
    meta:
        id = "d135e35d-4d6e-592a-9ed0-d4b1e4916a71"
        version = 1
        description = "Detects an embedded browser object (Shell.Explorer) that holds a Windows shortcut: a click on its picture in the document starts the shortcut."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public report: Abusing the Shell.Explorer OLE control (SecureTeam 2018),MS-SHLLINK 2.1"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.package_program"
        finding = "ole.clsid_exploit"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $clsid = { C3 2A B2 EA C1 30 CF 11 A7 EB 00 00 C0 5B AE 0B }
        $lnk = { 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }
    condition:
        $clsid and $lnk
}
