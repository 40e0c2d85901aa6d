rule SUSP_Script_WshDropper {
    meta:
        id = "cb1ffbc7-de43-5e8f-ab1a-32524ae7cc22"
        version = 1
        description = "Detects a Windows script (JScript, VBScript) that fetches something from the network, writes it to a file and starts it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Microsoft: Windows Script Host,ATT&CK T1059.007 (https://attack.mitre.org/techniques/T1059/007/)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1059.007,T1059.005,T1105"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.script_dropper"
        finding = "js.wsh_objects"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $h1 = "XMLHTTP" nocase
        $h2 = "WinHttpRequest" nocase
        $w1 = "ADODB.Stream" nocase
        $w2 = "SaveToFile" nocase
        $w3 = "Scripting.FileSystemObject" nocase
        $o1 = /(ActiveXObject|CreateObject)\s{0,4}\(\s{0,4}["\x27](WScript\.Shell|Shell\.Application)/ nocase
        $r1 = /\.(Run|Exec|ShellExecute)[\s(]{1,3}/ nocase
    condition:
        filesize < 2MB and $o1 and any of ($h*) and any of ($w*) and $r1
}
