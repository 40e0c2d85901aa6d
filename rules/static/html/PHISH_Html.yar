rule PHISH_Html_ExfilEndpoint {
    meta:
        id = "0138eb89-c1e1-5868-9936-833e85463765"
        version = 1
        description = "Detects a page with a password field that sends what was typed to a chat bot, web hook or form relay service instead of its own server."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Telegram Bot API,ATT&CK T1056.003 (https://attack.mitre.org/techniques/T1056/003/)"
        category = "phishing"
        severity = "critical"
        confidence = 90
        attack = "T1056.003,T1102"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_credentials"
        finding = "html.exfil_endpoint"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $pw = /type\s{0,2}=\s{0,2}["\x27]?password/ nocase
        $x1 = "api.telegram.org/bot" nocase
        $x2 = /discord(app)?\.com\/api\/webhooks\// nocase
        $x3 = "hooks.slack.com/services" nocase
        $x4 = /(formspree\.io\/f?\/?|submit-form\.com\/|formsubmit\.co\/|api\.web3forms\.com|getform\.io\/f\/|formcarry\.com\/s\/)/ nocase
        $x5 = /webhook\.site\/[0-9a-f]{8}-/ nocase
    condition:
        $pw and any of ($x*)
}

rule PHISH_Html_HashVictim {
    meta:
        id = "9ddb66ea-ced3-509c-81da-68bf22b7874a"
        version = 1
        description = "Detects a page with a password field that takes the address of its reader from the hidden part of its link and decodes it, to greet the person by name."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public reports on recipient-specific phishing pages,RFC 3986 3.5"
        category = "phishing"
        severity = "high"
        confidence = 90
        attack = "T1056.003,T1566.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_credentials"
        finding = "html.recipient_prefill"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $pw = /type\s{0,2}=\s{0,2}["\x27]?password/ nocase
        $x1 = /atob\(\s{0,4}(window\.|document\.)?location\.hash/ nocase
        $x2 = /location\.hash[^;\r\n]{0,80};[^\r\n]{0,200}atob\(/ nocase
        $x3 = /(value|email|mail|user)\s{0,4}=\s{0,4}(window\.|document\.)?location\.hash\.(substr|substring|slice|split|replace)\(/ nocase
    condition:
        $pw and any of ($x*)
}

rule PHISH_Html_ClickFix {
    meta:
        id = "0bad0d86-0377-5b47-aa9d-839e6469ebda"
        version = 1
        description = "Detects a page that puts a command into the clipboard and tells the person to open the Run box, a terminal or the address bar and paste it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ATT&CK T1204.004 (https://attack.mitre.org/techniques/T1204/004/)"
        category = "phishing"
        severity = "critical"
        confidence = 95
        attack = "T1204.004"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.html_paste_command"
        finding = "html.clickfix"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $c1 = "clipboard.writeText" nocase
        $c2 = /execCommand\(["\x27]copy/ nocase
        $c3 = "clipboardData.setData" nocase
        $i1 = "powershell" nocase
        $i2 = "mshta" nocase
        $i3 = "cmd /c" nocase
        $i4 = "cmd.exe" nocase
        $i5 = "msiexec" nocase
        $i6 = "conhost" nocase
        $i7 = /curl [^\r\n<]{1,200}\|\s{0,2}(ba|z)?sh/ nocase
        $i8 = "osascript" nocase
        $i9 = "rundll32" nocase
        $t1 = /(Windows|Win|Command|Super)( key| Key| button| Button)?(<[^>]{1,40}>|\s|&nbsp;){0,4}(\+|and)(<[^>]{1,40}>|\s|&nbsp;){0,4}(R|X)[^a-zA-Z0-9]/
        $t2 = /(Windows-?Taste|touche Windows|tecla (de )?Windows|tasto Windows)[^\r\n]{0,60}\+/ nocase
        $t3 = /(press|hit)[^\r\n]{0,60}(Ctrl|Strg|Cmd)(<[^>]{1,40}>|\s|&nbsp;){0,4}\+(<[^>]{1,40}>|\s|&nbsp;){0,4}V[^a-z0-9]/ nocase
    condition:
        any of ($c*) and any of ($i*) and any of ($t*)
}
