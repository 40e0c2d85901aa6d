rule SUSP_Config_SettingContent {
    meta:
        id = "f8c77431-0c1b-5e1a-b58a-6de9f05a0593"
        version = 1
        description = "Detects a settings shortcut (SettingContent-ms) whose deep link starts a command interpreter or script host instead of a page of the settings."
        author = "Airlock"
        date = "2026-11-24"
        reference = "Public report: The Tale of SettingContent-ms Files (SpecterOps 2018)"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_command"
        finding = "office.settingcontent_etc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "<SearchableContent" nocase
        $x1 = /<DeepLink>[^<]{0,300}(cmd\.exe|powershell|mshta|wscript|cscript|rundll32|regsvr32|\\\\[a-z0-9])/ nocase
    condition:
        $root and $x1
}

rule SUSP_Config_ThemeRemote {
    meta:
        id = "15e62c06-cd57-5f70-af72-c2e50a3675cc"
        version = 1
        description = "Detects a Windows theme that names a picture, style or brand image on a remote share: showing it sends the account hash there, as in CVE-2024-21320."
        author = "Airlock"
        date = "2026-11-24"
        reference = "CVE-2024-21320 (https://nvd.nist.gov/vuln/detail/CVE-2024-21320)"
        category = "exploit"
        severity = "high"
        confidence = 85
        attack = "T1187"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_remote"
        finding = "office.settingcontent_etc"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $root = "[Theme]" nocase
        $x1 = /\n(BrandImage|Wallpaper|Path|ImagesRootPath|DefaultValue)=\\\\[a-z0-9]/ nocase
    condition:
        filesize < 256KB and $root and $x1
}
