rule EVAS_Zip_PasswordInComment {
    meta:
        id = "7bd22839-5bdd-5576-908e-6c550d4ea09e"
        version = 1
        description = "Detects an encrypted ZIP archive whose own comment tells the password: a lock that only keeps scanners out, not the person who opens it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "PKWARE APPNOTE 6.3.10 sections 4.3.16 and 4.4.4"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.013"
        status = "active"
        scope = "member"
        formats = "zip"
        msg = "rule.archive_password_hint"
        finding = "enc.password_in_context"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /PK\x05\x06.{18}[ -~\r\n\t]{0,120}(password|Password|PASSWORD|passcode|Passcode|kennwort|Kennwort|Passwort|mot de passe)[ -~]{0,12}[:=]/s
    condition:
        uint32(0) == 0x04034B50 and uint16(6) & 1 == 1 and $x1
}
