rule MAL_Ole_PackageExec {
    meta:
        id = "26cb935a-bdbb-5aeb-acad-3ceeb96cf181"
        version = 1
        description = "Detects a packaged object (OLE Package) that holds a program, script or shortcut: a double click in the document runs it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-OLEDS 2.3.6 (https://learn.microsoft.com/openspecs/windows_protocols/ms-oleds)"
        category = "exec-chain"
        severity = "critical"
        confidence = 90
        attack = "T1204.002,T1027.009"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.package_program"
        finding = "ole.package_exec"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\x02\x00[^\x00\r\n]{1,120}\.(exe|EXE|scr|SCR|pif|PIF|bat|BAT|cmd|CMD|vbs|VBS|vbe|VBE|jse|JSE|js|JS|wsf|WSF|hta|HTA|lnk|LNK|ps1|PS1|cpl|CPL|msi|MSI|jar|JAR)\x00[^\x00\r\n]{1,260}\x00\x00\x00[\x01\x03]\x00/
    condition:
        $x1
}
