//! Findings about pages, scripts and shortcuts.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("html.smuggling_js", Phishing, High, 90, &["T1027.006"], "The page builds a file by script and hands it out as a download.", "File API; ATT&CK T1027.006"),
    row("html.smuggling_payload", ExecChain, Critical, 90, &["T1027.006"], "The file that the page builds by script is one that a person can open.", "ATT&CK T1027.006"),
    row("html.data_uri_download", Phishing, High, 85, &["T1027.006"], "A link holds a whole file instead of an address.", "RFC 2397"),
    row("html.data_uri_html", Phishing, High, 80, &["T1027.006"], "A link holds a whole page instead of an address.", "RFC 2397"),
    row("html.credential_form", Phishing, High, 85, &["T1056.003"], "The page asks for a password and sends it to another place.", "WHATWG HTML section 4.10"),
    row("html.meta_refresh", Phishing, Medium, 60, &["T1187"], "The page sends its visitor on to something that is no page.", "WHATWG HTML section 4.2.5"),
    row("html.clickfix", ExecChain, Critical, 90, &["T1204.004"], "The page copies a command and asks the reader to paste it where it runs.", "Clipboard API; ATT&CK T1204.004"),
    row("html.protocol_handler", Exploit, High, 90, &["T1218"], "A link starts a program on the visitor's machine.", "CVE-2022-30190"),
    row("html.unc_or_file", Exploit, High, 80, &["T1187"], "A link makes Windows send its credentials to a file server.", "ATT&CK T1187"),
    row("html.iframe_srcdoc", Phishing, Medium, 50, &["T1027.006"], "A frame holds another page with scripts in its own text.", "WHATWG HTML section 4.8.5"),
    row("html.obfuscated_script", Evasion, Medium, 70, &["T1027.010"], "A script is written so that nobody can read it.", "ATT&CK T1027.010"),
    row("svg.script", ExecChain, High, 90, &["T1027.017"], "A picture holds a script.", "SVG 2 section 15"),
    row("svg.foreignobject_html", Phishing, High, 80, &["T1027.017"], "A picture holds a page that acts.", "SVG 2 section 12"),
    row("script.encoded", Evasion, High, 90, &["T1027.013"], "A script is hidden by Microsoft's Script Encoder.", "Microsoft Script Encoder"),
    row("js.wsh_objects", ExecChain, High, 85, &["T1059.007"], "A script makes the objects with which Windows runs programs.", "Windows Script Host reference"),
    row("ps1.encoded_command", ExecChain, High, 85, &["T1059.001"], "PowerShell is told to fetch and run something, or hides its command.", "ATT&CK T1059.001"),
    row("url.file_scheme_or_unc", Exploit, Critical, 85, &["T1187"], "An internet shortcut points to a file server or a local file.", "CVE-2024-21412; CVE-2024-38112"),
    row("scf_desktopini", Exploit, High, 85, &["T1187"], "A folder setting takes its icon from a file server.", "ATT&CK T1187"),
    row("lnk.any", Policy, Medium, 50, &["T1204.002"], "A Windows shortcut arrives from outside.", "MS-SHLLINK"),
    row("lnk.lolbin", ExecChain, High, 85, &["T1218"], "A shortcut starts an interpreter or a system tool.", "MS-SHLLINK 2.2, 2.4"),
    row("lnk.args_padding", Evasion, Critical, 95, &["T1027"], "A shortcut hides its command behind blanks.", "MS-SHLLINK 2.4; CVE-2025-9491"),
    row("lnk.args_url", ExecChain, High, 90, &["T1105"], "A shortcut passes an internet address to what it starts.", "MS-SHLLINK 2.4"),
    row("lnk.overlay", Evasion, Critical, 90, &["T1027.009"], "Data is appended to a shortcut.", "MS-SHLLINK 2.5"),
    row("lnk.unc_icon_or_target", Exploit, High, 80, &["T1187"], "A shortcut reaches out to a file server.", "MS-SHLLINK 2.4"),
    row("lnk.hidden_window", Evasion, High, 70, &["T1564.003"], "A shortcut starts an interpreter in a hidden window.", "MS-SHLLINK 2.1"),
    row("lnk.motw_stomp", Evasion, High, 85, &["T1553.005"], "The target of a shortcut is spelt so that Windows drops the mark of the web.", "CVE-2024-38217"),
];
