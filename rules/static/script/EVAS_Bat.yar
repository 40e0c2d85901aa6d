rule EVAS_Bat_SliceCode {
    meta:
        id = "ac3f40fa-b74f-52c7-b89a-b661b231f751"
        version = 1
        description = "Detects a batch file that spells its commands letter by letter out of slices of environment variables, so that no command can be read in it."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Microsoft: set command, variable substrings (https://learn.microsoft.com/windows-server/administration/windows-commands/set)"
        category = "evasion"
        severity = "high"
        confidence = 85
        attack = "T1027.010,T1059.003"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.script_hidden"
        finding = "bat.obfuscated"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /:~[0-9-]{1,4},1%%[A-Za-z0-9_]{1,24}:~/
    condition:
        #x1 > 15
}
