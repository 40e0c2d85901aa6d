//! Findings about ZIP archives: where their records contradict one another or the data.

use super::{Entry, row};
use airlock_proto::{Class::*, Severity::*};

/// The rows of this family.
#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    row("zip.name_mismatch", Evasion, High, 95, &["T1036.008"], "A member has one name in the directory and another in its own header.", "APPNOTE 6.3.10 4.3.7 and 4.3.12"),
    row("zip.method_mismatch", Evasion, High, 95, &["T1027.015"], "The directory and the member's own header name different compression methods.", "APPNOTE 6.3.10 4.4.5"),
    row("zip.size_mismatch", Evasion, High, 95, &["T1027.015"], "The sizes of a member contradict one another or the data.", "APPNOTE 6.3.10 4.4.8 and 4.4.9"),
    row("zip.crc_mismatch_headers", Container, Medium, 90, &["T1036"], "The directory and the member's own header give different checksums.", "APPNOTE 6.3.10 4.4.7"),
    row("zip.crc_wrong_data", Container, Medium, 80, &["T1036"], "The checksum of a member does not fit its data.", "APPNOTE 6.3.10 4.4.7"),
    row("zip.stored_size_mismatch", Evasion, High, 95, &["T1027.015"], "A member is said to be stored as it is and yet to have two sizes.", "APPNOTE 6.3.10 4.4.5; CVE-2026-0866"),
    row("zip.method_lies", Evasion, Critical, 90, &["T1027.015"], "The data of a member is packed in another way than its headers say.", "APPNOTE 6.3.10 4.4.5; CVE-2026-0866"),
    row("zip.encflag_mismatch", Evasion, High, 95, &["T1027.013"], "Only one of a member's two headers says that it is encrypted.", "APPNOTE 6.3.10 4.4.4 bit 0"),
    row("zip.fake_encryption", Evasion, Critical, 90, &["T1027.013"], "A member is marked as encrypted and is not.", "APPNOTE 6.3.10 4.4.4 bit 0"),
    row("zip.duplicate_name", Evasion, High, 95, &["T1036.005"], "Two members have the same name.", "APPNOTE 6.3.10 4.3.12"),
    row("zip.duplicate_name_ci", Container, Medium, 95, &["T1036.005"], "Two members have names that differ only in upper and lower case.", "APPNOTE 6.3.10 4.3.12"),
    row("zip.file_dir_same_name", Exploit, Critical, 90, &["T1203"], "A file and a folder share a name, and the folder holds a lure of the same name.", "APPNOTE 6.3.10 4.4.17; CVE-2023-38831"),
    row("zip.overlap", Container, High, 95, &["T1499.004"], "Members share bytes with one another.", "APPNOTE 6.3.10 4.3.6"),
    row("zip.gap_between_entries", Container, Medium, 95, &["T1027.009"], "Bytes stand between the members and belong to none.", "APPNOTE 6.3.10 4.3.6"),
    row("zip.gap_before_cd", Evasion, High, 95, &["T1027.009"], "Bytes stand between the last member and the directory and belong to none.", "APPNOTE 6.3.10 4.3.6"),
    row("zip.unindexed_entry", Evasion, High, 95, &["T1027.009"], "A member stands in the archive that no directory names.", "APPNOTE 6.3.10 4.3.7"),
    row("zip.concatenated", Evasion, High, 90, &["T1036.008"], "Several complete archives stand one behind the other in one file.", "APPNOTE 6.3.10 4.3.16"),
    row("zip.zip_in_comment", Evasion, Critical, 90, &["T1036.008"], "The comment of the archive holds another archive.", "APPNOTE 6.3.10 4.3.16"),
    row("zip.eocd_count_mismatch", Container, Medium, 95, &["T1036"], "The end record counts other members than the directory has.", "APPNOTE 6.3.10 4.4.21 and 4.4.22"),
    row("zip.cd_offset_wrong", Container, Medium, 95, &["T1036"], "The end record does not point at the directory.", "APPNOTE 6.3.10 4.4.23 and 4.4.24"),
    row("zip.prefix", Container, Medium, 95, &["T1036.008"], "Bytes stand before the archive.", "APPNOTE 6.3.10 4.1.9"),
    row("zip.tail", Container, Low, 95, &["T1027.009"], "Bytes stand behind the archive.", "APPNOTE 6.3.10 4.3.16"),
    row("zip.eocd_beyond_64k", Evasion, High, 95, &["T1036"], "The end record is farther from the end of the file than a comment can be.", "APPNOTE 6.3.10 4.3.16"),
    row("zip.no_cd_recovered", Container, Medium, 95, &["T1027"], "The archive has no directory: its members were recovered from their own headers.", "APPNOTE 6.3.10 4.3.7"),
    row("zip.bad_first_magic", Evasion, High, 95, &["T1036.008"], "The signature of a member's own header is damaged and the directory is not.", "APPNOTE 6.3.10 4.3.7"),
    row("zip.unicode_path_differs", Evasion, High, 95, &["T1036"], "The Unicode field gives a member another name.", "APPNOTE 6.3.10 4.6.9"),
    row("zip.name_control_chars", Evasion, High, 95, &["T1036.007"], "The name of a member has control characters.", "APPNOTE 6.3.10 4.4.17"),
    row("zip.zip64_inconsistent", Container, Medium, 90, &["T1036"], "The Zip64 records contradict the others or are missing.", "APPNOTE 6.3.10 4.3.14 and 4.5.3"),
    row("zip.extra_field_malformed", Container, Low, 90, &["T1036"], "The extra fields of a member are damaged.", "APPNOTE 6.3.10 4.5.1"),
    row("zip.unsupported_method", Container, Medium, 95, &["T1027.015"], "A member is packed with a method that is not opened.", "APPNOTE 6.3.10 4.4.5"),
    row("zip.rare_method", Container, Low, 90, &["T1027.015"], "A member is packed with a method that only some tools can open.", "APPNOTE 6.3.10 4.4.5"),
    row("zip.strong_encryption", Container, Medium, 90, &["T1027.013"], "A member says that it is strongly encrypted.", "APPNOTE 6.3.10 section 7"),
    row("zip.multi_disk", Container, Medium, 95, &["T1027.009"], "The archive says that it is one part of several.", "APPNOTE 6.3.10 section 8"),
    row("zip.ratio_bomb", Container, High, 90, &["T1499.004"], "The archive unpacks to very much more than its own size.", "APPNOTE 6.3.10 4.4.8 and 4.4.9"),
    row("zip.many_entries", Container, Low, 80, &["T1499.004"], "The archive has more members than are looked at.", "APPNOTE 6.3.10 4.4.21"),
    row("zip.hidden_attr", Container, Low, 80, &["T1564.001"], "A member is marked as hidden or as a system file.", "APPNOTE 6.3.10 4.4.15"),
    row("zip.exec_permission_script", Container, Low, 80, &["T1204.002"], "A program or script in the archive is marked as executable.", "APPNOTE 6.3.10 4.4.15"),
];
