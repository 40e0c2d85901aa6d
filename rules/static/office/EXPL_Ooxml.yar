rule EXPL_Ooxml_RemoteTemplate {
    meta:
        id = "2477efa3-1d9b-56fa-b8b6-62c782b6fc6b"
        version = 2
        description = "Detects an Office document whose template lies on a web server or a remote share: opening the document loads the template with its macros."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ECMA-376 part 2: Open Packaging Conventions 9.3,ATT&CK T1221 (https://attack.mitre.org/techniques/T1221/)"
        category = "exploit"
        severity = "high"
        confidence = 90
        attack = "T1221"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "rel.remote_template"
        fp = "company templates kept on a file share"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = /[<:]Relationships/ nocase
        $ext = /TargetMode\s{0,64}=\s{0,64}["']External["']/ nocase
        $x1 = /relationships\/attachedTemplate["'][^>]{0,300}Target\s{0,64}=\s{0,64}["']\s{0,64}((https?|ftp):[\/\\]{2}|\\\\[a-z0-9]|file:\/\/\/?\\\\|file:\/\/[a-z0-9])/ nocase
        $x2 = /Target\s{0,64}=\s{0,64}["']\s{0,64}((https?|ftp):[\/\\]{2}|\\\\[a-z0-9]|file:\/\/\/?\\\\|file:\/\/[a-z0-9])[^>]{0,900}relationships\/attachedTemplate["']/ nocase
    condition:
        $root and $ext and any of ($x*)
}

rule EXPL_Ooxml_RemoteOle {
    meta:
        id = "36390443-5275-5547-9bc2-9f9f68302526"
        version = 2
        description = "Detects an Office document that loads an embedded object, frame, sub-document or text block from a web server or a remote share."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ECMA-376 part 2: Open Packaging Conventions 9.3"
        category = "exploit"
        severity = "high"
        confidence = 90
        attack = "T1203,T1221"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "rel.remote_ole"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = /[<:]Relationships/ nocase
        $ext = /TargetMode\s{0,64}=\s{0,64}["']External["']/ nocase
        $x1 = /relationships\/(oleObject|frame|subDocument|aFChunk|control)["'][^>]{0,300}Target\s{0,64}=\s{0,64}["']\s{0,64}((https?|ftp):[\/\\]{2}|\\\\[a-z0-9]|file:\/\/\/?\\\\|file:\/\/[a-z0-9])/ nocase
        $x2 = /Target\s{0,64}=\s{0,64}["']\s{0,64}((https?|ftp):[\/\\]{2}|\\\\[a-z0-9]|file:\/\/\/?\\\\|file:\/\/[a-z0-9])[^>]{0,900}relationships\/(oleObject|frame|subDocument|aFChunk|control)["']/ nocase
    condition:
        $root and $ext and any of ($x*)
}

rule EXPL_Ooxml_MhtmlTarget {
    meta:
        id = "337d84b3-c9d1-5199-a691-fe0e683b10df"
        version = 2
        description = "Detects an Office document with a relationship to an mhtml or ms protocol address, the way into the old browser engine of CVE-2021-40444 and CVE-2022-30190."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2021-40444 (https://nvd.nist.gov/vuln/detail/CVE-2021-40444),CVE-2022-30190"
        category = "exploit"
        severity = "critical"
        confidence = 95
        attack = "T1203"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_remote"
        finding = "rel.remote_ole"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = /[<:]Relationships/ nocase
        $ext = /TargetMode\s{0,64}=\s{0,64}["']External["']/ nocase
        $x1 = /Target\s{0,64}=\s{0,64}["']\s{0,64}(mhtml|ms-msdt|ms-officecmd|search-ms|ms-search|ms-appinstaller):/ nocase
        $x2 = "!x-usc:" nocase
        $x3 = /oleObject["'][^>]{0,300}Target\s{0,64}=\s{0,64}["']\s{0,64}https?:[^>]{0,600}\.html?!/ nocase
    condition:
        $root and $ext and any of ($x*)
}

rule EXPL_Ooxml_AltChunkRtf {
    meta:
        id = "662e2da3-ef4a-5514-bff1-fb7f86d312ee"
        version = 2
        description = "Detects a Word document that pulls an RTF part into its text (alternative format chunk), the carrier of CVE-2023-36884."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2023-36884 (https://nvd.nist.gov/vuln/detail/CVE-2023-36884),ECMA-376 part 1 17.17.2"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1221"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_hidden_part"
        finding = "ooxml.altchunk"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = /[<:]Relationships/ nocase
        $x1 = /relationships\/aFChunk["'][^>]{0,300}Target\s{0,64}=\s{0,64}["'][^>]{1,200}\.rtf\s{0,64}["']/ nocase
        $x2 = /Target\s{0,64}=\s{0,64}["'][^>]{1,200}\.rtf\s{0,64}["'][^>]{0,300}relationships\/aFChunk["']/ nocase
    condition:
        $root and any of ($x*)
}
