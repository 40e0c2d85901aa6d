rule EXPL_Dde_Field {
    meta:
        id = "90a24c86-8f5f-5650-9791-81e783c5b3ea"
        version = 1
        description = "Detects a Word field that starts a conversation with another program (DDE or DDEAUTO) in document XML or RTF, which can run any command."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ECMA-376 part 1 17.16.5 field definitions,RTF 1.9.1"
        category = "exec-chain"
        severity = "high"
        confidence = 90
        attack = "T1559.002"
        status = "active"
        scope = "member"
        formats = "text,rtf"
        msg = "rule.dde"
        finding = "dde.word_field"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = /<w:instrText[^>]{0,60}>\s{0,8}DDE(AUTO)?[\s<]/ nocase
        $x2 = /w:instr="\s{0,8}DDE(AUTO)?\s/ nocase
        $x3 = /\\fldinst[^}]{0,60}[\s{]DDE(AUTO)?\s/ nocase
    condition:
        any of them
}
