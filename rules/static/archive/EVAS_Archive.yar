rule EVAS_Archive_BidiName {
    meta:
        id = "ef5ccfea-19a0-5f66-9658-7514cce06426"
        version = 1
        description = "Detects a member name with a right-to-left override shortly before a program or script extension, so that the name shows another ending than it has."
        author = "Airlock"
        date = "2026-11-24"
        reference = "UAX #9 (https://www.unicode.org/reports/tr9/)"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1036.002"
        status = "active"
        scope = "member"
        formats = "zip,rar,tar,7z,lha,cab"
        msg = "rule.archive_hidden_extension"
        finding = "name.rtlo"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\xE2\x80\xAE[ -~]{1,20}\.(exe|EXE|scr|SCR|pif|PIF|bat|BAT|cmd|CMD|vbs|VBS|vbe|VBE|jse|JSE|wsf|WSF|hta|HTA|lnk|LNK|ps1|PS1|cpl|CPL|msi|MSI|jar|JAR)/
    condition:
        $x1
}

rule EVAS_Archive_PaddedName {
    meta:
        id = "b10a76fd-a295-5407-ba75-87ac9f1b3581"
        version = 1
        description = "Detects a member name with a document extension, then ten or more blanks or invisible filler letters, then a program or script extension."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1036.006 (https://attack.mitre.org/techniques/T1036/006/)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1036.006"
        status = "active"
        scope = "member"
        formats = "zip,rar,7z,lha,cab"
        msg = "rule.archive_hidden_extension"
        finding = "name.padded"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\.(pdf|doc|docx|xls|xlsx|txt|jpg|png|rtf|zip) {10,200}\.(exe|EXE|scr|SCR|pif|PIF|bat|BAT|cmd|CMD|vbs|VBS|vbe|VBE|jse|JSE|wsf|WSF|hta|HTA|lnk|LNK|ps1|PS1|cpl|CPL|msi|MSI|jar|JAR)/
        $x2 = /(\xE2\xA0\x80){10,60}\.(exe|EXE|scr|SCR|pif|PIF|bat|BAT|cmd|CMD|vbs|VBS|vbe|VBE|jse|JSE|wsf|WSF|hta|HTA|lnk|LNK|ps1|PS1|cpl|CPL|msi|MSI|jar|JAR)/
        $x3 = /(\xE3\x85\xA4){10,60}\.(exe|EXE|scr|SCR|pif|PIF|bat|BAT|cmd|CMD|vbs|VBS|vbe|VBE|jse|JSE|wsf|WSF|hta|HTA|lnk|LNK|ps1|PS1|cpl|CPL|msi|MSI|jar|JAR)/
    condition:
        any of them
}
