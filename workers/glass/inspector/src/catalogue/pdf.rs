//! Findings about PDF files.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("pdf.javascript", ActiveContent, Low, 80, &["T1059.007"], "The document holds JavaScript", "ISO 32000-2 12.6.4.17"),
    row("pdf.js_auto", ActiveContent, Medium, 50, &["T1059.007"], "The document runs JavaScript by itself", "ISO 32000-2 12.6.3"),
    row("pdf.js_suspicious_api", Exploit, High, 80, &["T1203"], "A script calls what documents have no use for", "Acrobat JavaScript API reference"),
    row("pdf.js_obfuscated", Evasion, High, 90, &["T1027.010"], "A script of the document hides what it does", "Acrobat JavaScript API reference"),
    row("pdf.openaction", ActiveContent, Low, 50, &["T1204.002"], "An action runs when the document is opened", "ISO 32000-2 12.6.4"),
    row("pdf.launch", ExecChain, High, 90, &["T1204.002"], "The document starts a program", "ISO 32000-2 12.6.4.6"),
    row("pdf.uri", Policy, Info, 95, &["T1566.002"], "The document links to an address", "ISO 32000-2 12.6.4.8"),
    row("pdf.uri_exec_or_dl", Phishing, High, 80, &["T1204.001"], "A link of the document leads to a program or an archive", "ISO 32000-2 12.6.4.8"),
    row("pdf.userinfo_or_ip_uri", Phishing, Medium, 80, &["T1566.002"], "A link of the document hides where it leads", "RFC 3986 3.2"),
    row("pdf.submitform", Phishing, High, 95, &["T1056.003"], "The document sends form data away", "ISO 32000-2 12.7.6.2"),
    row("pdf.importdata", ActiveContent, High, 95, &["T1187"], "The document imports form data from outside", "ISO 32000-2 12.7.6.4"),
    row("pdf.goto_remote", Phishing, High, 80, &["T1187"], "An action opens a document on another machine", "ISO 32000-2 12.6.4.3"),
    row("pdf.external_stream", Evasion, High, 90, &["T1187"], "A stream is loaded from outside the document", "ISO 32000-2 7.3.8.2"),
    row("pdf.embedded_file", Container, Low, 80, &["T1027.009"], "The document carries an embedded file", "ISO 32000-2 7.11.4"),
    row("pdf.embedded_exec", ExecChain, Critical, 90, &["T1204.002"], "The document carries a file that runs when it is opened", "ISO 32000-2 7.11.4"),
    row("pdf.portfolio", Container, Low, 90, &["T1027.009"], "The document is a portfolio of embedded files", "ISO 32000-2 12.3.5"),
    row("pdf.richmedia_3d", ActiveContent, Medium, 90, &["T1203"], "A page holds media that a plug-in plays", "ISO 32000-2 13"),
    row("pdf.xfa", ActiveContent, Medium, 50, &["T1059.007"], "A form in the document runs scripts", "ISO 32000-1 12.7.8; XFA 3.3"),
    row("pdf.xfa_external", Exploit, High, 90, &["T1187"], "A form in the document fetches something by itself", "XFA 3.3"),
    row("pdf.name_escaped", Evasion, Critical, 95, &["T1027.010"], "A name that acts or decodes is written with escapes", "ISO 32000-2 7.3.5"),
    row("pdf.objstm_hidden_action", Evasion, Info, 20, &["T1027.009"], "An action stands in an object stream, where simple scanners do not look", "ISO 32000-2 7.5.7"),
    row("pdf.filter_chain_odd", Evasion, Medium, 80, &["T1027.015"], "A stream is packed in a way that nobody needs", "ISO 32000-2 7.4"),
    row("pdf.incremental_action", Evasion, Medium, 50, &["T1036"], "A later revision of the document adds an action", "ISO 32000-2 7.5.6"),
    row("pdf.object_confusion", Evasion, High, 50, &["T1036"], "An object stands twice with different content", "ISO 32000-2 7.5.4"),
    row("pdf.header_offset", Container, Medium, 95, &["T1036.008"], "The document does not begin at the start of the file", "ISO 32000-2 7.5.2"),
    row("pdf.tail_data", Container, Medium, 95, &["T1027.009"], "Bytes stand behind the end of the document", "ISO 32000-2 7.5.5"),
    row("pdf.encrypted_open", Policy, Info, 95, &[], "The document is encrypted and could be opened", "ISO 32000-2 7.6"),
    row("pdf.encrypted_password", Coverage, Medium, 80, &["T1027.013"], "The document is encrypted and could not be opened", "ISO 32000-2 7.6"),
    row("pdf.mht_polyglot", Evasion, Critical, 90, &["T1036.008"], "The file is a PDF and a mail archive that Word opens with its macros", "RFC 2557; ISO 32000-2 7.5.2"),
    row("pdf.dos_loop", Exploit, Medium, 90, &["T1499.004"], "Objects of the document refer to each other in a circle", "ISO 32000-2 7.5.7"),
    row("pdf.stream_length_lies", Container, Low, 80, &["T1036"], "The length of a stream is not what it says", "ISO 32000-2 7.3.8"),
];
