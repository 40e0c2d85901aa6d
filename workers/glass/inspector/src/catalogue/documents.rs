//! Findings about OOXML and ODF documents.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("rel.remote_template", ExecChain, High, 90, &["T1221"], "The document loads its template from elsewhere.", "ECMA-376 part 2, section 9.3"),
    row("rel.remote_ole", ExecChain, High, 80, &["T1203"], "The document loads an object or part from elsewhere.", "ECMA-376 part 2, section 9.3; CVE-2021-40444"),
    row("rel.remote_image", Policy, Low, 95, &["T1187"], "The document loads a picture from elsewhere.", "ECMA-376 part 2, section 9.3"),
    row("rel.hyperlink_exec", Phishing, High, 80, &["T1204.001"], "A link of the document leads to something that runs, or to another machine by file sharing.", "ECMA-376 part 2, section 9.3"),
    row("rel.external_workbook", ExecChain, Medium, 95, &["T1221"], "The workbook takes values from a workbook elsewhere.", "ECMA-376 part 1, section 18.14"),
    row("field.include_remote", ExecChain, High, 90, &["T1187"], "A field takes its content from elsewhere.", "ECMA-376 part 1, section 17.16.5"),
    row("dde.word_field", ExecChain, Critical, 90, &["T1559.002"], "A field asks another program for data and may start it.", "ECMA-376 part 1, section 17.16; MS-DOC 2.8.25"),
    row("dde.excel_link", ExecChain, High, 95, &["T1559.002"], "The workbook asks another program for data and may start it.", "ECMA-376 part 1, section 18.14"),
    row("ooxml.altchunk", ExecChain, Medium, 80, &["T1221"], "The document takes in another document in another format.", "ECMA-376 part 1, section 17.17.2; CVE-2023-36884"),
    row("ooxml.doctype_xxe", Exploit, High, 90, &["T1203"], "A part declares a document type, which no application writes and which can name other files.", "XML 1.0 section 2.8"),
    row("ooxml.xml_bomb", Container, High, 90, &["T1499.004"], "A part is nested or declares entities so that naive readers run out of memory.", "XML 1.0 section 4.2"),
    row("ooxml.macro_content_type", Evasion, High, 90, &["T1036.008"], "The document says that it has no macros, and has a macro project.", "ECMA-376 part 2, section 10.1; MS-OFFMACRO2"),
    row("ooxml.customui_onload", ActiveContent, High, 90, &["T1137"], "The document calls a macro when its ribbon loads.", "MS-CUSTOMUI 2.2"),
    row("ooxml.webextension", ActiveContent, Medium, 80, &["T1137.006"], "The document opens an add-in from the web beside itself.", "MS-OWEXML 2.2"),
    row("ooxml.vsto_customization", ExecChain, High, 80, &["T1137.006"], "The document loads a .NET add-in from elsewhere.", "MS-VSTO document properties"),
    row("ooxml.stray_part", Container, High, 80, &["T1027.009"], "A part of the document is a program or shortcut.", "ECMA-376 part 2, section 10"),
    row("ooxml.data_connection", ActiveContent, Medium, 80, &["T1105"], "The workbook fetches data from a database, a file or the web.", "ECMA-376 part 1, section 18.13"),
    row("ppt.action_run", ExecChain, High, 90, &["T1204.002"], "A click or hover in the presentation runs a program or macro.", "ECMA-376 part 1, section 20.1.2.2.23"),
    row("odf.basic_macro", ActiveContent, Medium, 80, &["T1059"], "The document has Basic macros.", "ODF 1.3 part 3, section 4.5"),
    row("odf.script_other", ActiveContent, High, 90, &["T1059.006"], "The document has scripts in another language than Basic.", "ODF 1.3 part 3, section 4.5"),
    row("odf.event_autoload", ExecChain, High, 80, &["T1204.002"], "A script runs when the document is opened, printed or closed.", "ODF 1.3 part 3, section 10.3.19"),
    row("odf.script_traversal", Exploit, Critical, 90, &["T1203"], "A script's address leads out of the folder of scripts.", "CVE-2018-16858"),
    row("odf.external_object", ExecChain, Medium, 80, &["T1221"], "The document loads an object or section from elsewhere.", "ODF 1.3 part 3, section 10.4"),
    row("odf.dde", ExecChain, High, 90, &["T1559.002"], "The document asks another program for data and may start it.", "ODF 1.3 part 3, section 14.6"),
    row("odf.ole_object", Container, Low, 50, &["T1027.009"], "The document holds an object of another program.", "ODF 1.3 part 3, section 10.4.6"),
    row("odf.encrypted", Container, Medium, 95, &["T1027.013"], "Parts of this document are encrypted.", "ODF 1.3 part 2, section 3.4"),
    row("odf.manifest_mismatch", Evasion, Medium, 80, &["T1036.008"], "A part that can run is not in the manifest of the document.", "ODF 1.3 part 2, section 3.3"),
];
