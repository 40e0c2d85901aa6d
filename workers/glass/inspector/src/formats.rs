//! The formats that the walk opens, in one slice that a person can read.
//!
//! A new format is one file below this folder and two adjacent lines here: its `mod` and its place in [`FORMATS`].

mod activemime;
mod behind;
mod bzip2;
mod encoded;
mod fields;
mod gzip;
mod lha;
mod links;
mod lnk;
mod lzfu;
mod lzip;
mod lzma;
mod odf;
mod ole2;
mod ole_package;
mod ooxml;
mod opc;
mod opc_target;
mod opc_xml;
mod pdf;
mod rar;
mod rtf;
mod sfx;
mod split;
mod stored;
mod streams;
mod tar;
pub(crate) mod text;
mod vba;
mod xz;
mod zip;
mod zlib;

pub use odf::Odf;
pub use ooxml::Ooxml;

use airlock_proto::Gap;

use crate::input::Input;
use crate::sink::Sink;

/// What a format says of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Not this format.
    No,
    /// A reader that is not strict would open it (a prefix, a damaged start): opened beside what it mainly is.
    Also,
    /// By weak evidence, taken when nothing else matches better.
    Maybe,
    /// By its signature.
    Yes,
}

/// What `FORMATS.md` says of a format.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    /// Plain name (`ZIP archive`).
    pub title: &'static str,
    /// Published specification, by name and version.
    pub spec: &'static str,
    /// What comes out as members and layers.
    pub yields: &'static str,
    /// What is not opened, and ends as a gap.
    pub limitations: &'static str,
}

/// A container or encoding that the walk can open.
pub trait Format: Sync {
    /// Name used in reports, rules and policies; lowercase.
    fn name(&self) -> &'static str;
    /// What it opens and what it does not.
    fn doc(&self) -> Doc;
    /// Whether these bytes are of this format, by content.
    fn sniff(&self, input: &Input<'_>) -> Match;
    /// The name of these bytes in reports, where it says more than [`Format::name`] (`docx` for a ZIP archive).
    fn label(&self, input: &Input<'_>) -> &'static str {
        let _ = input;
        self.name()
    }
    /// Whether it is opened beside what these bytes are by better evidence, where its own is weak: `read` when another format reads them.
    fn is_beside(&self, input: &Input<'_>, read: bool) -> bool {
        let _ = (input, read);
        false
    }
    /// Hands every member and decoded layer to the sink.
    ///
    /// # Errors
    /// The gap that ended the unpacking early. What was handed over before it counts; partial losses go to [`Sink::gap`].
    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap>;
}

/// All formats, containers before documents before text. Order decides between equal matches.
#[rustfmt::skip]
pub static FORMATS: &[&dyn Format] = &[
    &encoded::Brotli,
    &encoded::Deflate,
    &encoded::Other,
    &zip::Zip,
    &zip::carved::Carved,
    &rar::Rar,
    &lha::Lha,
    &lha::macbinary::MacBinary,
    &sfx::Behind,
    &behind::Behind,
    &split::Split,
    &tar::Tar,
    &gzip::Gzip,
    &bzip2::Bzip2,
    &xz::Xz,
    &lzma::Lzma,
    &lzip::Lzip,
    &zlib::Zlib,
    &ole2::Ole2,
    &activemime::ActiveMime,
    &lzfu::Lzfu,
    &ole2::biff::Biff,
    &ole2::powerpoint::PowerPoint,
    &ole_package::OlePackage,
    &ole_package::Ole1,
    &rtf::Rtf,
    &pdf::Pdf,
    &odf::Basic,
    &lnk::Lnk,
    &vba::VbaSource,
    &text::Text,
    &ole2::OleStream,
];
