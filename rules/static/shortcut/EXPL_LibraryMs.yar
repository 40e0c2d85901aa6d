rule EXPL_LibraryMs_RemoteLocation {
    meta:
        id = "ab341fb9-b8d2-5629-b3b0-39594c5f7e6c"
        version = 1
        description = "Detects a Windows library, search connector or saved search file that points at a remote share or web server, as in CVE-2025-24054."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2025-24054 (https://nvd.nist.gov/vuln/detail/CVE-2025-24054)"
        category = "exploit"
        severity = "high"
        confidence = 90
        attack = "T1187"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_remote"
        finding = "office.settingcontent_etc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $r1 = "<libraryDescription" nocase
        $r2 = "<searchConnectorDescription" nocase
        $r3 = "<persistedQuery" nocase
        $x1 = /<url>\s{0,20}(\\\\|https?:\/\/|file:\/\/)[a-z0-9]/ nocase
        $x2 = /<include path="(\\\\|https?:\/\/|file:\/\/)[a-z0-9]/ nocase
    condition:
        filesize < 1MB and any of ($r*) and any of ($x*)
}
