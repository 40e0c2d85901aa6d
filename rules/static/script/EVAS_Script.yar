rule EVAS_Script_Encoded {
    meta:
        id = "22116f05-98b1-5151-ae68-8fe5f4354dae"
        version = 1
        description = "Detects a script in the form of the Windows Script Encoder (JSE, VBE), which hides its text from people and runs all the same."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Microsoft Script Encoder (screnc) documentation"
        category = "evasion"
        severity = "high"
        confidence = 90
        attack = "T1027.013"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.script_encoded"
        finding = "script.encoded"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /#@~\^[A-Za-z0-9+\/]{6}==/
        $end = "==^#~@"
    condition:
        $x1 and $end
}
