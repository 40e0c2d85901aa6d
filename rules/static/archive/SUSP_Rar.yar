rule SUSP_Rar_SfxSetup {
    meta:
        id = "dac9fad8-7088-5075-9ed0-28555380e6cf"
        version = 1
        description = "Detects a self-extracting RAR whose script starts a program after unpacking without asking: a Setup or Presetup line together with silent mode."
        author = "Airlock"
        date = "2026-11-24"
        reference = "WinRAR manual: SFX script commands,RAR 5.0 archive format (https://www.rarlab.com/technote.htm)"
        category = "exec-chain"
        severity = "high"
        confidence = 80
        attack = "T1059.003"
        status = "active"
        scope = "member"
        formats = "rar,pe,exe"
        msg = "rule.archive_autorun"
        finding = "rar.sfx_commands"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $rar = { 52 61 72 21 1A 07 }
        $setup = /\n(Setup|Presetup|RunProgram)=[ -~]{3,200}/
        $silent = "\nSilent="
    condition:
        $rar and $setup and $silent
}
