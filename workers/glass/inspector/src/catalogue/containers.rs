//! Findings about all containers: encryption, nesting, streams, tails, polyglots, and what was not recognised.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("type.unknown", Policy, Info, 100, &[], "Nobody recognises the type of this file.", "Airlock DETECTIONS"),
    row("enc.archive", Container, Medium, 100, &["T1027.013"], "Members of this archive are encrypted.", "APPNOTE 6.3.10 section 6; RAR 5.0 technote"),
    row("enc.archive_headers", Container, High, 70, &["T1027.013"], "Even the list of this archive's members is encrypted.", "RAR 5.0 technote, archive encryption header; 7zFormat"),
    row("enc.mixed", Container, High, 70, &["T1027.013"], "Some members are encrypted and some are not.", "APPNOTE 4.4.4 bit 0"),
    row("enc.weak_password", Container, Medium, 90, &["T1027.013"], "A well-known password opens this archive.", "ATT&CK T1027.013"),
    row("enc.password_in_context", Evasion, High, 85, &["T1027.013"], "The password of an encrypted archive travels with it.", "ATT&CK T1027.013"),
    row("enc.exec_name_inside", Evasion, High, 85, &["T1027.013"], "An encrypted archive lists a program, script or disk image.", "ATT&CK T1027.013"),
    row("nest.depth", Container, Medium, 90, &["T1499.004"], "Containers are nested deeper than anybody needs.", "ATT&CK T1499.004"),
    row("nest.archive_chain_odd", Evasion, Medium, 60, &["T1553.005"], "An unusual chain of containers, as used to shake off the mark of the web.", "CVE-2025-0411"),
    row("nest.single_exec", ExecChain, Medium, 60, &["T1204.002"], "The only thing in this archive is one program or script.", "ATT&CK T1204.002"),
    row("nest.exec_plus_dll", ExecChain, High, 60, &["T1574.001"], "A program and a library lie side by side, as used for side-loading.", "ATT&CK T1574.001"),
    row("zip.quine_or_self_nested", Container, High, 95, &["T1499.004"], "A member is the same file as one of the archives around it.", "ATT&CK T1499.004"),
    row("multi.stream", Container, Low, 80, &["T1027.009"], "Several compressed streams follow one another in one file.", "RFC 1952 section 2.2; .xz 1.2.1 section 2"),
    row("multi.tail_after_stream", Container, Medium, 70, &["T1027.009"], "Data follows the last compressed stream.", "RFC 1952 section 2.2"),
    row("bomb.ratio", Container, High, 90, &["T1499.004"], "It unpacks to very much more than its own size.", "ATT&CK T1499.004"),
    row("poly.multi_format", Evasion, High, 60, &["T1036.008"], "The same bytes are valid as more than one format.", "ATT&CK T1036.008"),
    row("trunc.file", Container, Low, 70, &[], "The file ends before its structure does.", "Airlock DETECTIONS"),
    row("tar.after_eof", Container, High, 90, &["T1027.009"], "Members follow the end of this tar archive: some programs extract them and some do not.", "POSIX.1-2024 pax, ustar Interchange Format"),
    row("tar.pax_override", Container, Medium, 80, &["T1036"], "An extended header contradicts the plain header that it describes.", "POSIX.1-2024 pax Extended Header"),
    row("tar.bad_checksum", Container, Low, 80, &["T1036"], "The checksum of a tar header is wrong.", "POSIX.1-2024 pax, ustar Interchange Format"),
    row("rar.sfx_commands", Container, High, 90, &["T1059.003"], "The comment of this RAR archive tells a self-extractor to run commands.", "RAR 5.0 technote; WinRAR GUI SFX module, script commands"),
    row("rar.multivolume_missing", Container, Medium, 80, &["T1027.009"], "This is one volume of a RAR archive and the others are missing.", "RAR 5.0 technote, main archive header"),
    row("link.symlink_escape", Exploit, Critical, 95, &["T1203"], "A member is written through a link that points outside of the archive.", "ATT&CK T1203; CVE-2025-8088"),
    row("link.hardlink_escape", Exploit, Critical, 90, &["T1203"], "A hard link points outside of the archive.", "ATT&CK T1203"),
    row("link.special_file", Container, Medium, 90, &["T1203"], "The archive holds a device or fifo.", "POSIX.1-2024 pax, typeflag 3, 4 and 6"),
];
