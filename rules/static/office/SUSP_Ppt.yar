rule SUSP_Ppt_ActionProgram {
    meta:
        id = "98379fdd-c663-5dba-894f-3c472ce2ad7d"
        version = 1
        description = "Detects a presentation in which a click or the mere movement of the mouse over a shape starts a program."
        author = "Airlock"
        date = "2026-11-24"
        reference = "ECMA-376 part 1 20.1: hlinkClick action"
        category = "exec-chain"
        severity = "high"
        confidence = 85
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.office_click"
        finding = "ppt.action_run"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $x1 = "action=\"ppaction://program\"" nocase
    condition:
        $x1
}
