// Measured: 22 of 24 hostile and 2 of 583 benign RTF files.
rule EXPL_Rtf_AutoUpdate {
    meta:
        id = "a4f4ef44-c305-5f78-96ea-64e9aa120b06"
        version = 1
        description = "Detects an RTF file that loads an embedded or linked object by itself when it is opened (objupdate or objautlink together with object data)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "RTF 1.9.1 specification: objects"
        category = "exploit"
        severity = "high"
        confidence = 90
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "rtf"
        msg = "rule.rtf_autoload"
        finding = "rtf.objupdate"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "\\objupdate"
        $x2 = "\\objautlink"
        $d = "\\objdata"
    condition:
        uint32be(0) == 0x7B5C7274 and $d and any of ($x*)
}

rule EXPL_Rtf_FontTable {
    meta:
        id = "e818df56-16c6-5cd2-9407-bbe0c571f8f6"
        version = 1
        description = "Detects an RTF font table with more than 32767 entries, which overflows the counter of unpatched word processors (CVE-2023-21716)."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2023-21716 (https://nvd.nist.gov/vuln/detail/CVE-2023-21716)"
        category = "exploit"
        severity = "critical"
        confidence = 85
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "rtf"
        msg = "rule.rtf_overflow"
        finding = "rtf.font_overflow"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $tbl = "{\\fonttbl"
        $f = /\{\\f[0-9]{1,6}[\\ ;]/
    condition:
        uint32be(0) == 0x7B5C7274 and $tbl and #f > 32767
}

rule EXPL_Rtf_RemoteTemplate {
    meta:
        id = "41d4fe46-c634-5225-b561-79304f78798c"
        version = 1
        description = "Detects an RTF file whose template lies on a web server or a remote share, which is loaded with its macros when the file is opened."
        author = "Airlock"
        date = "2026-11-24"
        reference = "RTF 1.9.1 specification: template destination,ATT&CK T1221 (https://attack.mitre.org/techniques/T1221/)"
        category = "exploit"
        severity = "critical"
        confidence = 90
        attack = "T1221"
        status = "active"
        scope = "member"
        formats = "rtf"
        msg = "rule.office_remote"
        finding = "rtf.remote_template"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /\{\\\*\\template\s{1,4}(https?:|ftp:|file:\/\/|\\\\\\\\[a-z0-9]|\\u-?[0-9]{2,5})/ nocase
    condition:
        uint32be(0) == 0x7B5C7274 and $x1
}
