//! What all stream compressions share: streams that follow one another, what lies behind them, and what the result is called.

use std::io::{self, ErrorKind, Read};

use airlock_proto::{Gap, GapKind, Severity};

use crate::input::Input;
use crate::labels;
use crate::reader::len64;
use crate::sink::{Found, Member, Sink, Taken};

/// Streams (more than bgzip makes of all that a job may unpack) before the rest of the file is given up.
const MAX_STREAMS: usize = 20_000;
/// Streams up to which each one is also looked at alone, beside what they make together.
const MAX_ALONE: usize = 16;
/// Unpacked bytes up to which streams are also looked at alone.
const MAX_ALONE_BYTES: u64 = 64 * 1024 * 1024;

/// One compressed stream: reads as its decoded bytes.
pub(super) trait Stream: Read {
    /// Compressed bytes that belong to it, trailer included; meant after its end.
    fn used(&self) -> usize;
    /// What its trailer says against the bytes that came out (a wrong checksum), after its end.
    fn complaint(&self) -> Option<&'static str> {
        None
    }
}

/// A compression whose streams may stand one behind the other in a file.
pub(super) trait Codec {
    /// Extensions that it adds to a name, without the dot, and what takes their place (`tgz` becomes `tar`).
    const EXTENSIONS: &'static [(&'static str, &'static str)];

    /// The stream that begins here; `None` when none does.
    fn open<'a>(&self, bytes: &'a [u8]) -> Option<Box<dyn Stream + 'a>>;

    /// The name that the stream carries.
    fn told_name(&self, bytes: &[u8]) -> Option<String> {
        let _ = bytes;
        None
    }
}

/// Hands over what the file decodes to: all its streams joined, as every extractor joins them; each of several streams alone, as
/// readers see them that stop after the first; and what lies behind the last one.
///
/// `memory` is what a decoder needs in bytes; it counts as alive while it runs.
///
/// # Errors
/// Malformed when no stream begins at the start.
pub(super) fn unpack<C: Codec>(codec: &C, input: &Input<'_>, sink: &mut Sink<'_, '_>, memory: u64) -> Result<(), Gap> {
    let mut chain = Chain::new(codec, input.bytes);
    if !chain.next_stream() {
        return Err(Gap::new(GapKind::Malformed, "its first header contradicts the specification").bytes(len64(input.bytes.len())));
    }
    let fallback = stem(input.name, C::EXTENSIONS);
    let named = |at: usize| codec.told_name(input.from(at)).filter(|name| !name.is_empty());
    let whole = Member::named(named(0).unwrap_or_else(|| fallback.clone()));
    sink.walk.budget.hold(memory);
    let taken = sink.member(whole, &mut chain);
    chain.current = None;
    let Chain {
        at,
        starts,
        filled,
        produced,
        complaint,
        too_many,
        ..
    } = chain;
    if let Some(why) = complaint {
        sink.gap(Gap::new(
            GapKind::Malformed,
            format!("{why}: what an extractor makes of it may differ"),
        ));
    }
    if too_many {
        sink.gap(
            Gap::new(
                GapKind::TooMany,
                format!("more than {MAX_STREAMS} streams: the rest was not opened"),
            )
            .bytes(rest(input, at)),
        );
    }
    if filled > 1 {
        let before = sink.children().len();
        if filled <= MAX_ALONE && starts.len() <= MAX_ALONE && produced <= MAX_ALONE_BYTES && taken != Taken::Refused {
            for start in &starts {
                let Some(mut one) = codec.open(input.from(*start)) else { continue };
                sink.member(Member::named(named(*start).unwrap_or_else(|| fallback.clone())), &mut one);
            }
        }
        tell(filled, starts.get(1).copied().unwrap_or_default(), before, sink);
    }
    sink.walk.budget.free(memory);
    match taken {
        Taken::Whole if !too_many => tail(input, at, sink),
        _ => {}
    }
    Ok(())
}

fn rest(input: &Input<'_>, at: usize) -> u64 {
    len64(input.from(at).len())
}

/// Several streams: an oddity, and a trick when each holds a file of another type.
fn tell(streams: usize, second: usize, before: usize, sink: &mut Sink<'_, '_>) {
    let mut types: Vec<&'static str> = Vec::new();
    for child in sink.children().get(before..).unwrap_or_default() {
        let Some(format) = child.format.filter(|_| child.size > 0) else {
            continue;
        };
        if format != labels::UNKNOWN.name && !labels::TEXT.contains(&format) && !types.contains(&format) {
            types.push(format);
        }
    }
    let mut found = Found::new("multi.stream")
        .at(second, 0)
        .summary(format!("{streams} compressed streams follow one another in one file."));
    if let [one, other, ..] = types.as_slice() {
        found = found.severity(Severity::High).summary(format!(
            "Compressed streams of different types follow one another: {one} and {other}."
        ));
    }
    sink.finding(found);
}

/// What lies behind the last stream; zeros are padding.
pub(super) fn tail(input: &Input<'_>, at: usize, sink: &mut Sink<'_, '_>) {
    let behind = input.from(at);
    let Some(zeros) = behind.iter().position(|byte| *byte != 0) else {
        return;
    };
    // A run of zeros is padding before whatever follows; a few may belong to it.
    let from = if zeros >= 4 { at.saturating_add(zeros) } else { at };
    let data = input.from(from);
    sink.finding(
        Found::new("multi.tail_after_stream")
            .at(from, data.len())
            .excerpt(data)
            .summary(format!("{} bytes follow the last compressed stream.", data.len())),
    );
    sink.member_slice(Member::named("tail"), data);
}

/// The name without the compression's extension.
pub(super) fn stem(name: &str, extensions: &[(&str, &str)]) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    if let Some((stem, ext)) = base.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        for (from, to) in extensions {
            if ext.eq_ignore_ascii_case(from) {
                return if to.is_empty() { stem.to_owned() } else { format!("{stem}.{to}") };
            }
        }
    }
    if base.is_empty() { "content".to_owned() } else { base.to_owned() }
}

/// All streams of a file, read as one.
struct Chain<'a, 'c, C: Codec> {
    codec: &'c C,
    bytes: &'a [u8],
    at: usize,
    current: Option<Box<dyn Stream + 'a>>,
    starts: Vec<usize>,
    opened: usize,
    filled: usize,
    fresh: bool,
    produced: u64,
    complaint: Option<&'static str>,
    too_many: bool,
}

impl<'a, 'c, C: Codec> Chain<'a, 'c, C> {
    fn new(codec: &'c C, bytes: &'a [u8]) -> Self {
        Chain {
            codec,
            bytes,
            at: 0,
            current: None,
            starts: Vec::new(),
            opened: 0,
            filled: 0,
            fresh: true,
            produced: 0,
            complaint: None,
            too_many: false,
        }
    }

    /// Opens the stream at the place, past padding; false when none begins there, and then the place stays.
    fn next_stream(&mut self) -> bool {
        let left = self.bytes.get(self.at..).unwrap_or_default();
        let Some(zeros) = left.iter().position(|byte| *byte != 0) else {
            return false;
        };
        let start = self.at.saturating_add(zeros);
        let Some(stream) = self.codec.open(left.get(zeros..).unwrap_or_default()) else {
            return false;
        };
        if self.opened >= MAX_STREAMS {
            self.too_many = true;
            return false;
        }
        self.opened = self.opened.saturating_add(1);
        if self.starts.len() <= MAX_ALONE {
            self.starts.push(start);
        }
        self.at = start;
        self.fresh = true;
        self.current = Some(stream);
        true
    }
}

impl<C: Codec> Read for Chain<'_, '_, C> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(stream) = &mut self.current else {
                if self.next_stream() {
                    continue;
                }
                return Ok(0);
            };
            match stream.read(buf) {
                Ok(0) => {
                    self.at = self.at.saturating_add(stream.used());
                    self.complaint = self.complaint.or(stream.complaint());
                    self.current = None;
                }
                Ok(n) => {
                    if std::mem::take(&mut self.fresh) {
                        self.filled = self.filled.saturating_add(1);
                    }
                    self.produced = self.produced.saturating_add(len64(n));
                    return Ok(n);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    // Frees the decoder's memory before the member's subtree is walked.
                    self.current = None;
                    return Err(e);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_extension_of_the_compression() {
        let ext = &[("gz", ""), ("tgz", "tar")];
        assert_eq!(stem("a/b.tar.GZ", ext), "b.tar");
        assert_eq!(stem("b.tgz", ext), "b.tar");
        assert_eq!(stem("b.bin", ext), "b.bin");
        assert_eq!(stem(".gz", ext), ".gz");
        assert_eq!(stem("", ext), "content");
    }
}
