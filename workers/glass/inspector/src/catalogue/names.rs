//! Findings about names and types, and about links that leave their archive (39 to 54 of the catalogue).

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("name.traversal", Exploit, Critical, 95, &["T1203"], "The name climbs out of the folder that it is unpacked to.", "APPNOTE 4.4.17; CVE-2025-6218"),
    row("name.absolute", Container, High, 80, &["T1203"], "The name is an absolute path.", "APPNOTE 4.4.17"),
    row("name.backslash", Container, Medium, 60, &["T1036"], "The name uses backslashes where its format has slashes.", "APPNOTE 4.4.17.1"),
    row("name.ads", Evasion, High, 80, &["T1564.004"], "The name addresses an alternate data stream.", "CVE-2025-8088"),
    row("name.rtlo", Evasion, High, 95, &["T1036.002"], "The name holds characters that turn the reading direction around.", "UAX #9"),
    row("name.double_extension", Evasion, High, 90, &["T1036.007"], "A document's extension stands before a program's.", "ATT&CK T1036.007"),
    row("name.padded", Evasion, High, 90, &["T1036.006", "T1027.018"], "Blanks push the real extension out of sight.", "ATT&CK T1036.006"),
    row("name.trailing_dot_space", Container, Medium, 70, &["T1036.006"], "Windows drops the dot or blank that ends this name.", "ATT&CK T1036.006"),
    row("name.confusable", Evasion, Low, 50, &["T1036.005"], "One word of the name mixes letters of several scripts.", "UTS #39"),
    row("name.reserved_device", Container, Low, 80, &["T1036"], "The name is one of Windows' reserved device names.", "Windows naming conventions"),
    row("name.lure_exec", ExecChain, Medium, 70, &["T1204.002"], "A program or script is named like a business paper.", "ATT&CK T1204.002"),
    row("ext.content_mismatch", Evasion, Medium, 80, &["T1036.008"], "The content is of another type than the extension says.", "ATT&CK T1036.008"),
    row("ext.executable_class", Policy, Low, 100, &["T1204.002"], "Files with this extension run when they are opened.", "Outlook blocked attachments"),
];
