//! What a format or an analyser is given: the bytes of one node and the hints that came with them.

use std::cell::OnceCell;

use airlock_proto::text::saved_name;

use crate::signatures::{Firsts, Signature, places};

/// The bytes of one node, with hints that may be lies.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The bytes, all of them.
    pub bytes: &'a [u8],
    /// The name that the parent gives it: a hint only.
    pub name: &'a str,
    /// Media type that the server declared (root only): a hint only.
    pub declared_type: Option<&'a str>,
    /// Content encoding that the server says is still on these bytes (root, and what is below it while codings are left).
    pub encoding: Option<&'a str>,
    /// `raw`, or the decoding that made these bytes.
    pub layer: &'a str,
    /// Names of the formats above, root first.
    pub chain: &'a [&'static str],
    /// Room for where the signatures stand first, so that they are looked for once.
    pub firsts: Option<&'a OnceCell<Firsts>>,
}

impl<'a> Input<'a> {
    /// Bytes without hints, as the root of nothing: for sniffing and tests.
    pub fn bare(bytes: &'a [u8]) -> Self {
        Input {
            bytes,
            name: "",
            declared_type: None,
            encoding: None,
            layer: "raw",
            chain: &[],
            firsts: None,
        }
    }

    /// The bytes from `offset` on; empty past the end.
    pub fn from(&self, offset: usize) -> &'a [u8] {
        self.bytes.get(offset..).unwrap_or_default()
    }

    /// Where a signature stands first.
    pub fn first(&self, signature: Signature) -> Option<usize> {
        let look = || Firsts::of(self.bytes);
        self.firsts.map_or_else(look, |known| *known.get_or_init(look)).get(signature)
    }

    /// All places where a signature stands, in order.
    pub fn places(&self, signature: Signature) -> impl Iterator<Item = usize> + 'a {
        places(self.bytes, signature, self.first(signature))
    }

    /// The extension of the name in lowercase, without the dot; empty if there is none.
    pub fn extension(&self) -> String {
        extension(self.name)
    }

    /// True when the bytes begin with `magic`.
    pub fn starts_with(&self, magic: &[u8]) -> bool {
        self.bytes.starts_with(magic)
    }
}

/// The extension of a path in lowercase, without the dot, as the file has it once it is saved; empty if there is none.
pub fn extension(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    match saved_name(base).rsplit_once('.') {
        Some((_, ext)) if ext.len() <= 32 => ext.to_lowercase(),
        _ => String::new(),
    }
}
