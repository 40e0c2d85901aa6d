rule EXPL_Pdf_JsApi {
    meta:
        id = "4780f6a9-8469-5921-b4a6-048ec2fbe3c7"
        version = 1
        description = "Detects PDF JavaScript with calls that honest documents do not make and that are known for memory errors of old readers, with text built for a heap spray."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Acrobat JavaScript API reference,CVE-2008-2992,CVE-2009-0927,CVE-2009-4324"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1203,T1059.007"
        status = "active"
        scope = "decoded"
        formats = "js,bin,text"
        msg = "rule.pdf_script"
        finding = "pdf.js_suspicious_api"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $a1 = "Collab.collectEmailInfo"
        $a2 = "Collab.getIcon"
        $a3 = "media.newPlayer"
        $a4 = "spell.customDictionaryOpen"
        $a5 = /util\.printf\s{0,4}\(\s{0,4}["\x27]%[0-9]{4,}/
        $s1 = "unescape"
        $s2 = /["\x27](%u[0-9a-fA-F]{4}){2}/
        $s3 = /\.substring\(0,\s?0x[0-9a-f]{4}/
    condition:
        any of ($a*) and any of ($s*)
}
