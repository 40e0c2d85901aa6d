rule SUSP_Archive_PasswordNote {
    meta:
        id = "f8daa9b6-8b8f-5c03-975e-eb0de173fb54"
        version = 1
        description = "Detects a short text that tells the password of an archive, as it lies beside an encrypted archive so that scanners cannot open what a person can."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1027.013 (https://attack.mitre.org/techniques/T1027/013/)"
        category = "phishing"
        severity = "low"
        confidence = 60
        attack = "T1027.013"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.archive_password_hint"
        finding = "enc.password_in_context"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $s1 = /(password|passcode|kennwort|passwort|mot de passe|contrase.{1,2}a)[ "']{0,3}([:=]|is |ist |est |for )/ nocase
        $a1 = "archive" nocase
        $a2 = ".zip" nocase
        $a3 = ".rar" nocase
        $a4 = "extract" nocase
        $a5 = "unzip" nocase
    condition:
        filesize < 2KB and $s1 and any of ($a*)
}
