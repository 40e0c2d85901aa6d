rule SUSP_Rdp_DriveSharing {
    meta:
        id = "53b93f6a-0fb6-533f-b897-d17412f99c8a"
        version = 1
        description = "Detects a remote desktop file that connects to a named server and hands it the local drives, or shows a remote program as if it were a local one."
        author = "Airlock"
        date = "2026-11-24"
        reference = "MS-RDPBCGR and the list of RDP file settings (https://learn.microsoft.com/windows-server/remote/remote-desktop-services/rdp-files)"
        category = "exec-chain"
        severity = "high"
        confidence = 80
        attack = "T1021.001,T1204.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.config_remote"
        finding = "rdp.file"
        fp = "remote desktop files of an own IT department"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $addr = /full address:s:[a-z0-9]/ nocase
        $x1 = /drivestoredirect:s:[*a-z]/ nocase
        $x2 = /remoteapplicationprogram:s:\|?\|?[a-z0-9]/ nocase
    condition:
        filesize < 64KB and $addr and any of ($x*)
}
