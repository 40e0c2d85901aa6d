// Two characters are escaped so that this file is no test file itself. The limit of 2 KiB keeps articles that quote the string out.
rule MAL_Any_Eicar {
    meta:
        id = "aa046dc1-543a-50a4-b965-dc2b1ff23dbc"
        version = 1
        description = "Detects the EICAR anti-malware test file: a file that starts with the 68 published characters, or a small file or decoded layer that carries them."
        author = "Airlock"
        date = "2026-11-24"
        reference = "EICAR test file definition (https://www.eicar.org/download-anti-malware-testfile/)"
        category = "signature"
        severity = "critical"
        confidence = 100
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "any"
        msg = "rule.eicar"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "\x58\x35O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-\x46ILE!$H+H*"
    condition:
        $x1 at 0 or $x1 at 3 or (filesize < 2KB and $x1)
}
