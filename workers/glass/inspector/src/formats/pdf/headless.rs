//! PDF without a header where one belongs: readers that repair (qpdf, MuPDF, Poppler) look for objects and a trailer, and ask no more.

use memchr::memmem;

use super::heads::head_before;
use crate::formats::stored;
use crate::input::Input;
use crate::signatures::{Signature, places};

/// Whether the bytes are built like a document: an object that is a dictionary, and what leads a reader to the root.
pub(super) fn built_like_one(input: &Input<'_>) -> bool {
    // Text in another encoding is no document: a reader gets the bytes as they were.
    if matches!(input.layer, "utf-8" | "html-text" | "utf-16-text" | "js-folded" | "xml-entities") {
        return false;
    }
    let bytes = input.bytes;
    let has = |word: &[u8]| memmem::find(bytes, word).is_some();
    // Programs that write PDF hold the words of an empty one; only an object with a stream is worth a second look at them.
    let program = bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF");
    if stored::holds_files(input) {
        return false;
    }
    let objects = input.first(Signature::PdfObject).map_or(0, |first| objects(bytes, first, program));
    objects > 0 && (objects > 2 || [&b"trailer"[..], b"startxref", b"/XRef", b"/Catalog"].into_iter().any(has))
}

/// How many `N G obj <<` there are from the first `obj` on, up to three; with `streams` only those count that hold a stream.
fn objects(bytes: &[u8], first: usize, streams: bool) -> usize {
    let mut count = 0_usize;
    let mut open = None;
    for at in places(bytes, Signature::PdfObject, Some(first)) {
        let body = open.take().and_then(|from| bytes.get(from..at));
        let whole = body.is_some_and(|body| !streams || memmem::find(body, b"stream").is_some());
        count = count.saturating_add(usize::from(whole));
        if count > 2 {
            break;
        }
        open = Some(at.saturating_add(3)).filter(|body| opens(bytes, at, *body));
    }
    count.saturating_add(usize::from(open.is_some() && !streams))
}

/// `N G ` before the word and a dictionary behind it.
fn opens(bytes: &[u8], at: usize, body: usize) -> bool {
    let rest = bytes.get(body..).unwrap_or_default();
    let first = rest.iter().take(64).find(|b| !super::lexer::is_space(**b));
    first == Some(&b'<') && head_before(bytes.get(..at).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &[u8]) -> bool {
        built_like_one(&Input::bare(text))
    }

    #[test]
    fn objects_with_a_trailer_are_a_document_and_words_about_them_are_not() {
        assert!(like(
            b"%!PS-Adobe-3.0 PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"
        ));
        assert!(like(b"junk\n7\n0\nobj\n<</Type/Pages>>\nstartxref\n0\n%%EOF"));
        assert!(!like(
            b"An object begins with the word obj, a trailer with trailer and startxref. 5 objects."
        ));
        assert!(!like(b"1 0 obj (a string) endobj trailer"));
        assert!(!like(b"\x7fELF 1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>> stream\n"));
        assert!(like(b"\x7fELF 1 0 obj<<>>stream\nx\nendstream endobj\ntrailer<</Root 1 0 R>>"));
        let document = b" 1 0 obj<<>>stream\nx\nendstream endobj\ntrailer<</Root 1 0 R>>";
        assert!(!like(&[&airlock_forge::zip::simple(&[("a", b"b")]), &document[..]].concat()));
        assert!(like(&[&b"PK\x03\x04"[..], &[0; 40], document].concat()));
    }
}
