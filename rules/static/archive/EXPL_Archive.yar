rule EXPL_Archive_NameSpaceFolder {
    meta:
        id = "52ebef1f-83d6-5cb3-bc87-66266318552a"
        version = 1
        description = "Detects the layout of CVE-2023-38831: an archive with a document name and a folder of the same name plus a blank that holds a script or program."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2023-38831 (https://nvd.nist.gov/vuln/detail/CVE-2023-38831)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "zip,rar"
        msg = "rule.archive_name_trick"
        finding = "zip.file_dir_same_name"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\.(pdf|doc|docx|xls|xlsx|txt|jpg|jpeg|png|rtf) \/[ -.0-~]{1,120} {0,4}\.(cmd|bat|exe|vbs|jse|lnk|hta|ps1|scr|pif|com|wsf)/
    condition:
        (uint32(0) == 0x04034B50 or uint32(0) == 0x21726152) and $x1
}

rule EXPL_Archive_SpaceTraversal {
    meta:
        id = "ede5b779-c098-5f0b-917f-1c943f777b1f"
        version = 1
        description = "Detects member names that climb out of the target folder with a parent step written as two dots and a blank, the path form of CVE-2025-6218."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2025-6218 (https://nvd.nist.gov/vuln/detail/CVE-2025-6218)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "zip,rar,7z,tar,cab"
        msg = "rule.archive_traversal"
        finding = "name.traversal"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = ".. /.. /"
        $x2 = ".. \\.. \\"
    condition:
        any of them
}
