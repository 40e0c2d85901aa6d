//! Opening a RAR archive: passwords for its headers and members, and what can be saved of a damaged one.

use std::borrow::Cow;

use airlock_proto::{Gap, GapKind};
use rars::{Archive, ArchiveMemberRef, ArchiveReader, Error, ErrorKind, ExtractionDecision};

use super::{blocks, extract};
use crate::reader::{len64, size};
use crate::sink::{Found, Sink};

/// Highest exponent of the key derivation that is tried (262,144 rounds).
const MAX_COST: u8 = 18;
/// Rounds of key derivation for one archive's members.
const MAX_ROUNDS: u64 = 1 << 24;
/// Zeros that stand in for the missing end of the last member, in bytes.
const MAX_PADDING: usize = 32 * 1024 * 1024;

/// Length of a damaged archive that is copied to mend it, in bytes.
const MAX_SALVAGE: usize = 128 * 1024 * 1024;
/// Damaged places of one archive that are cut out.
const MAX_SPLICES: usize = 16;
/// A signature and the shortest main header are longer than this, in bytes.
const MIN_HEAD: usize = 11;

/// An archive that could be parsed.
pub(super) struct Opened {
    pub(super) archive: Archive,
    pub(super) password: Option<Vec<u8>>,
    /// What of it could not be parsed.
    pub(super) gap: Option<Gap>,
}

/// Parses the archive, with the first password that fits where one is needed.
///
/// # Errors
/// The gap when nothing of it can be listed.
pub(super) fn open(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<Opened, Gap> {
    match parse(bytes, None) {
        Ok(archive) => Ok(with_password(archive, bytes, None, sink)),
        Err(error) if matches!(error.kind(), ErrorKind::PasswordRequired | ErrorKind::BadPassword) => locked(bytes, sink),
        Err(error) => {
            let (saved, gap) = salvage(bytes, &error)?;
            let archive = parse(&saved, None).map_err(|error| extract::gap("the archive", &error).bytes(len64(bytes.len())))?;
            Ok(with_password(archive, &saved, Some(gap), sink))
        }
    }
}

fn parse(bytes: &[u8], password: Option<&[u8]>) -> Result<Archive, Error> {
    ArchiveReader::read_with_options(bytes, extract::options(password))
}

/// Even the list of members is encrypted.
fn locked(bytes: &[u8], sink: &mut Sink<'_, '_>) -> Result<Opened, Gap> {
    sink.finding(Found::new("enc.archive_headers"));
    let needed = |why: &str| Err(Gap::new(GapKind::PasswordNeeded, why).bytes(len64(bytes.len())));
    if blocks::header_cost(bytes).is_some_and(|cost| cost > MAX_COST) {
        return needed("the list of members is encrypted, and trying a password costs too much");
    }
    for password in sink.passwords() {
        if password.is_empty() || sink.expired() {
            continue;
        }
        if let Ok(archive) = parse(bytes, Some(password.as_bytes())) {
            weak(&password, sink);
            return Ok(Opened {
                archive,
                password: Some(password.into_bytes()),
                gap: None,
            });
        }
    }
    needed("the list of members is encrypted and no known password opens it")
}

fn weak(password: &str, sink: &mut Sink<'_, '_>) {
    if sink.is_well_known(password) {
        sink.finding(Found::new("enc.weak_password").says(password));
    }
}

/// Finds the password of encrypted members; without one the archive stays as it is, and they become gaps.
fn with_password(archive: Archive, bytes: &[u8], gap: Option<Gap>, sink: &mut Sink<'_, '_>) -> Opened {
    let mut plain = Opened {
        archive,
        password: None,
        gap,
    };
    let Some(probe) = first_encrypted(&plain.archive) else {
        return plain;
    };
    if !affordable(&plain.archive) {
        let gap = Gap::new(GapKind::PasswordNeeded, "trying a password costs too much");
        plain.gap = plain.gap.or(Some(gap));
        return plain;
    }
    for password in sink.passwords() {
        if password.is_empty() || sink.expired() {
            continue;
        }
        // Only as much as the probe needs is parsed while trying.
        let part = bytes.get(..probe.end).unwrap_or(bytes);
        let fits = parse(part, Some(password.as_bytes())).is_ok_and(|archive| probe.opens(&archive, password.as_bytes(), sink));
        if !fits {
            continue;
        }
        if let Ok(archive) = parse(bytes, Some(password.as_bytes())) {
            weak(&password, sink);
            return Opened {
                archive,
                password: Some(password.into_bytes()),
                ..plain
            };
        }
    }
    plain
}

/// The first encrypted member.
struct Probe {
    index: usize,
    end: usize,
    solid: bool,
}

fn first_encrypted(archive: &Archive) -> Option<Probe> {
    let solid = archive.is_solid();
    let found = archive
        .member_refs()
        .enumerate()
        .find(|(_, member)| member.to_owned().meta.is_encrypted);
    found.map(|(index, member)| Probe {
        index,
        end: match member {
            ArchiveMemberRef::Rar50Plus(file) => file.block.data_range.end,
            ArchiveMemberRef::Rar15To40(file) => file.packed_range.end,
            _ => usize::MAX,
        },
        solid,
    })
}

fn affordable(archive: &Archive) -> bool {
    let mut rounds = 0_u64;
    for member in archive.member_refs() {
        if let ArchiveMemberRef::Rar50Plus(file) = member
            && let Some(encryption) = &file.encryption
        {
            if encryption.kdf_count > MAX_COST {
                return false;
            }
            rounds = rounds.saturating_add(1_u64.wrapping_shl(u32::from(encryption.kdf_count)));
        }
    }
    rounds <= MAX_ROUNDS
}

impl Probe {
    fn opens(&self, archive: &Archive, password: &[u8], sink: &mut Sink<'_, '_>) -> bool {
        let mut index = 0_usize;
        let mut cost = 0_u64;
        let outcome = archive.extract_with_control(extract::options(Some(password)), |member| {
            let here = index;
            index = index.saturating_add(1);
            if here > self.index {
                return Ok(ExtractionDecision::Stop);
            }
            if here < self.index && !self.solid || member.meta.is_directory || member.meta.is_redirection {
                return Ok(ExtractionDecision::Skip);
            }
            cost = cost.saturating_add(member.meta.unpacked_size.min(1 << 30));
            Ok(ExtractionDecision::Extract(Box::new(std::io::sink())))
        });
        sink.pay(size(cost.min(1 << 26))) && outcome.is_ok()
    }
}

/// A damaged archive without its damaged headers; a member that runs past the end gets zeros for what is missing.
///
/// # Errors
/// The gap when not even its head is sound.
fn salvage<'a>(bytes: &'a [u8], error: &Error) -> Result<(Cow<'a, [u8]>, Gap), Gap> {
    if bytes.len() > MAX_SALVAGE {
        return Err(extract::gap("the archive", error).bytes(len64(bytes.len())));
    }
    let mut saved = Cow::Borrowed(bytes);
    let mut lost = 0_u64;
    for _ in 0..MAX_SPLICES {
        let (sound, broken) = blocks::sound(&saved);
        let gap = || extract::gap("a part of the archive", error).bytes(lost.saturating_add(blocks::left(&saved, sound)));
        if sound <= MIN_HEAD {
            return Err(gap());
        }
        let Some(block) = broken else {
            return Ok((Cow::Owned(saved.get(..sound).unwrap_or_default().to_vec()), gap()));
        };
        if block.sums && block.data <= saved.len() && block.next.saturating_sub(saved.len()) <= MAX_PADDING {
            let missing = block.next.saturating_sub(saved.len());
            let gap = Gap::new(GapKind::Truncated, "the archive ends inside a member").bytes(lost.saturating_add(len64(missing)));
            saved.to_mut().resize(block.next, 0);
            return Ok((saved, gap));
        }
        let Some(next) = blocks::next_file(&saved, sound.saturating_add(1)) else {
            return Ok((Cow::Owned(saved.get(..sound).unwrap_or_default().to_vec()), gap()));
        };
        lost = lost.saturating_add(len64(next.saturating_sub(sound)));
        saved.to_mut().drain(sound..next);
        if blocks::sound(&saved).1.is_none() {
            let gap = extract::gap("a part of the archive", error).bytes(lost);
            return Ok((saved, gap));
        }
    }
    Err(extract::gap("the archive", error).bytes(len64(bytes.len())))
}
