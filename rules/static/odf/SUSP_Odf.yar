rule SUSP_Odf_AutoScript {
    meta:
        id = "57159083-469f-5256-aadf-c2f5be7e899c"
        version = 1
        description = "Detects an OpenDocument file that binds a script or macro to the loading of the document, so that it runs without a click."
        author = "Airlock"
        date = "2026-11-24"
        reference = "OASIS OpenDocument 1.3 part 3: event listeners"
        category = "exec-chain"
        severity = "high"
        confidence = 80
        attack = "T1204.002"
        status = "active"
        scope = "member"
        formats = "text"
        msg = "rule.odf_autorun"
        finding = "odf.event_autoload"
        fp = "in-house forms with a start macro"
        tlp = "TLP:CLEAR"
        license = "Apache-2.0 OR MIT"
    strings:
        $ev = "script:event-listener"
        $x1 = /event-name="(dom:load|office:load-finished|office:view-created)"[^>]{0,200}vnd\.sun\.star\.script:/
        $x2 = /vnd\.sun\.star\.script:[^>]{0,200}event-name="(dom:load|office:load-finished|office:view-created)"/
    condition:
        $ev and any of ($x*)
}
