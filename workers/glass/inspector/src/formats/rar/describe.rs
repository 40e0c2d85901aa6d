//! What a RAR archive says of its members: names, kinds, attributes.

use rars::ArchiveMember;

use crate::sink::Member;

/// What the archive says of a member.
pub(super) fn describe(member: &ArchiveMember) -> Member {
    let meta = &member.meta;
    let mut facts = Member::named(name(member));
    facts.dir = meta.is_directory;
    facts.encrypted = meta.is_encrypted;
    facts.declared = Some(meta.unpacked_size);
    facts.hidden = !unix(member) && meta.file_attr & 6 != 0;
    if let rars::ArchiveMemberDetail::Rar50Plus {
        redirection: Some(link), ..
    } = &member.detail
    {
        let target = Some(String::from_utf8_lossy(&link.target_name).into_owned());
        match link.redirection_type {
            4 => facts.hardlink = target,
            5 => {}
            _ => facts.symlink = target,
        }
    }
    facts
}

/// Host 3 is Unix up to version 4, host 1 from version 5 on.
fn unix(member: &ArchiveMember) -> bool {
    let unix = if member.meta.family == rars::ArchiveFamily::Rar50Plus {
        1
    } else {
        3
    };
    member.meta.host_os == Some(unix)
}

/// A symbolic link of up to version 4, whose target is its data.
pub(super) fn is_unix_link(member: &ArchiveMember) -> bool {
    member.meta.family == rars::ArchiveFamily::Rar15To40 && unix(member) && member.meta.file_attr & 0o170_000 == 0o120_000
}

/// The name of a member, with slashes.
pub(super) fn name(member: &ArchiveMember) -> String {
    let raw = member.decoded_name(None).unwrap_or_else(|_| member.meta.name.as_slice().into());
    let text = match std::str::from_utf8(&raw) {
        Ok(text) => text.to_owned(),
        Err(_) => raw.iter().map(|byte| char::from(*byte)).collect(),
    };
    // Up to version 4 the backslash is the separator.
    if member.meta.family == rars::ArchiveFamily::Rar50Plus {
        text
    } else {
        text.replace('\\', "/")
    }
}
