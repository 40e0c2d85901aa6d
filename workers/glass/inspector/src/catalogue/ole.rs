//! Findings about OLE2 files, VBA and RTF.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("vba.present", ActiveContent, Low, 50, &["T1059.005"], "It holds a VBA project with code.", "MS-OVBA 2.3.4.3"),
    row("vba.empty_project", ActiveContent, Info, 95, &[], "It holds a VBA project whose modules have no code.", "MS-OVBA 2.3.4.3"),
    row("vba.autoexec", ActiveContent, Medium, 50, &["T1059.005"], "A macro runs when the document opens or closes.", "MS-VBAL 5.3.1"),
    row("vba.activex_event", ActiveContent, Low, 20, &["T1059.005"], "A macro runs on an event of a control or sheet.", "MS-OFORMS 2.1"),
    row("vba.autoexec_and_exec", ExecChain, Critical, 85, &["T1204.002"], "A macro that runs by itself starts a program.", "MS-VBAL 5.2.3.5"),
    row("vba.download", ExecChain, High, 80, &["T1105"], "A macro fetches something from the network.", "ATT&CK T1105"),
    row("vba.win32_declare", ExecChain, Critical, 95, &["T1055"], "A macro declares system functions that load code into memory.", "MS-VBAL 5.2.3.5"),
    row("vba.wmi_process", ExecChain, High, 80, &["T1047"], "A macro starts a program through WMI.", "ATT&CK T1047"),
    row("vba.obfuscation", Evasion, Medium, 50, &["T1027.010"], "A macro hides its strings.", "ATT&CK T1027.010"),
    row("vba.security_tamper", ExecChain, Critical, 95, &["T1685"], "A macro names the settings that guard against macros.", "ATT&CK T1685"),
    row("vba.self_modify", Evasion, High, 80, &["T1027.010"], "A macro writes macro code.", "MS-VBAL 6.1"),
    row("vba.mac_exec", ExecChain, High, 95, &["T1059.002"], "A macro runs AppleScript.", "ATT&CK T1059.002"),
    row("vba.compression_malformed", Evasion, Medium, 60, &["T1027.015"], "The compressed source of a VBA module is damaged.", "MS-OVBA 2.4.1"),
    row("vba.dir_stream_inconsistent", Evasion, High, 60, &["T1564.007"], "The list of modules and the modules of a VBA project differ.", "MS-OVBA 2.3.4.2"),
    row("xlm.sheet", ActiveContent, Medium, 50, &["T1059"], "It holds an Excel 4 macro sheet.", "MS-XLS 2.4.28"),
    row("xlm.hidden_sheet", Evasion, High, 80, &["T1564"], "It holds a hidden Excel 4 macro sheet.", "MS-XLS 2.4.28"),
    row("xlm.auto_open_name", ActiveContent, High, 80, &["T1059"], "An Excel 4 macro runs when the workbook opens or closes.", "MS-XLS 2.4.150"),
    row("xlm.exec_call", ExecChain, Critical, 90, &["T1059", "T1204.002"], "A formula of an Excel 4 macro sheet starts programs, calls libraries, writes files or writes formulas.", "MS-XLS 2.5.198"),
    row("ole.package", Container, Medium, 50, &["T1027.009"], "A document holds a packaged file.", "MS-OLEDS 2.3.6"),
    row("ole.package_exec", ExecChain, Critical, 95, &["T1204.002"], "A document holds a packaged program or script.", "MS-OLEDS 2.3.6"),
    row("ole.clsid_exploit", Exploit, High, 80, &["T1203"], "It holds an object of a class that exploits have used.", "MS-CFB 2.6.1"),
    row("ole.moniker_remote", Exploit, Critical, 95, &["T1203"], "An OLE link leads to another machine.", "MS-OSHARED 2.3.7; MS-OLEDS 2.3.3"),
    row("ole.flash", Exploit, High, 95, &["T1203"], "It holds a Flash object.", "MS-CFB 2.6.1"),
    row("ole.cfb_malformed", Container, Medium, 60, &["T1027"], "A compound file contradicts its specification.", "MS-CFB 2.2 to 2.6"),
    row("append.after_ole", Evasion, Medium, 60, &["T1027.009"], "Data follows the last sector of a compound file.", "MS-CFB 2.3"),
    row("enc.office", Container, Medium, 80, &["T1027.013"], "This document is encrypted.", "MS-OFFCRYPTO 2.3; MS-DOC 2.5.1; MS-XLS 2.4.117"),
    row("enc.office_irm", Container, Low, 95, &[], "This document is encrypted for the holders of a licence.", "MS-OFFCRYPTO 2.2"),
    row("rtf.objdata_obfuscated", Evasion, Critical, 95, &["T1027.013"], "The data of an RTF object is written so that scanners misread it.", "RTF 1.9.1, Objects"),
    row("rtf.objupdate", Exploit, High, 95, &["T1203"], "An RTF object loads without being clicked.", "RTF 1.9.1, Objects"),
    row("rtf.object_package", Container, Medium, 50, &["T1027.009"], "It holds a packaged file in an RTF object.", "MS-OLEDS 2.2"),
    row("rtf.ole2link", Exploit, Critical, 95, &["T1203"], "An RTF object links to another machine.", "MS-OLEDS 2.3.3"),
    row("rtf.equation", Exploit, High, 80, &["T1203"], "An RTF object is an Equation Editor object.", "CVE-2017-11882"),
    row("rtf.remote_template", Exploit, Critical, 95, &["T1221"], "It loads its template from another machine.", "RTF 1.9.1, Document properties"),
    row("rtf.bin_trick", Evasion, High, 80, &["T1027"], "Binary data or a control word has a length that no writer makes.", "RTF 1.9.1, Formal syntax"),
    row("rtf.font_overflow", Exploit, Critical, 95, &["T1203"], "Its font table has more fonts than Word can count.", "CVE-2023-21716"),
    row("rtf.header_variant", Evasion, Info, 50, &["T1036.008"], "It does not begin as RTF writers begin.", "RTF 1.9.1, Header"),
    // end of OLE2, VBA and RTF
];
