// Measured: 23 of 24 hostile and 1 of 583 benign RTF files.
rule EVAS_Rtf_ObjdataNoise {
    meta:
        id = "9d68666e-d670-51d6-b1d5-86c49decd1f7"
        version = 1
        description = "Detects RTF object data with control words or groups scattered among its hexadecimal digits, which the word processor skips and scanners stumble over."
        author = "Airlock"
        date = "2026-11-24"
        reference = "RTF 1.9.1 specification: objects"
        category = "evasion"
        severity = "high"
        confidence = 95
        attack = "T1027.013"
        status = "active"
        scope = "member"
        formats = "rtf"
        msg = "rule.rtf_noise"
        finding = "rtf.objdata_obfuscated"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\\objdata[0-9A-Fa-f\s]{0,512}(\{?\\[^\\{}]{1,120}\}?[0-9A-Fa-f\s]{0,512}){2}\{?\\/
    condition:
        uint32be(0) == 0x7B5C7274 and $x1
}
