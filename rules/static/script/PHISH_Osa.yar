rule PHISH_Osa_PasswordPrompt {
    meta:
        id = "3387443a-c912-54d8-aa17-03fea682a6b1"
        version = 1
        description = "Detects an AppleScript or shell script that asks for the account password in a dialog of its own with hidden typing, as thieves on macOS do."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1056.002 (https://attack.mitre.org/techniques/T1056/002/)"
        category = "phishing"
        severity = "high"
        confidence = 90
        attack = "T1056.002,T1059.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.script_password"
        finding = "html.credential_form"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $d = "display dialog" nocase
        $h = "hidden answer" nocase
        $x1 = "osascript" nocase
        $x2 = "do shell script" nocase
        $x3 = "dscl" nocase
        $p1 = "password" nocase
        $p2 = "kennwort" nocase
        $p3 = "passwort" nocase
    condition:
        $d and $h and any of ($x*) and any of ($p*)
}
