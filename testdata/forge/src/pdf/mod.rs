//! PDF files by hand (ISO 32000-1): actions, JavaScript in and out of object streams, attachments, revisions, encryption.

mod locked;

pub use locked::encrypted_javascript;

use crate::bits::zlib;
use crate::{eicar, marker, noise, payload};

/// A PDF under construction: numbered objects, then a table or stream of their offsets.
#[derive(Debug, Clone, Default)]
pub struct Pdf {
    objects: Vec<(u32, Vec<u8>)>,
}

impl Pdf {
    /// A file with one page that shows `text`; object 1 is the catalog, with `in_catalog` added to it.
    pub fn new(text: &str, in_catalog: &str) -> Self {
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
                    /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>";
        Self::default()
            .object(1, &format!("<< /Type /Catalog /Pages 2 0 R {in_catalog} >>"))
            .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
            .object(3, page)
            .stream(4, "", format!("BT /F1 18 Tf 72 720 Td ({text}) Tj ET").as_bytes(), true)
    }

    /// Adds an object.
    pub fn object(mut self, number: u32, body: &str) -> Self {
        self.objects.push((number, body.as_bytes().to_vec()));
        self
    }

    /// Adds a stream object; `dictionary` gets `/Length` and, when `packed`, `/Filter /FlateDecode`.
    pub fn stream(mut self, number: u32, dictionary: &str, data: &[u8], packed: bool) -> Self {
        let (data, filter) = if packed {
            (zlib(data), " /Filter /FlateDecode")
        } else {
            (data.to_vec(), "")
        };
        let head = format!("<< {dictionary} /Length {}{filter} >>\nstream\n", data.len());
        self.objects.push((number, [head.as_bytes(), &data, b"\nendstream"].concat()));
        self
    }

    /// Adds an object stream (7.5.7) with these objects.
    pub fn object_stream(self, number: u32, objects: &[(u32, &str)]) -> Self {
        let (mut index, mut bodies) = (String::new(), String::new());
        for (inner, body) in objects {
            index += &format!("{inner} {} ", bodies.len());
            bodies += &format!("{body}\n");
        }
        let dictionary = format!("/Type /ObjStm /N {} /First {}", objects.len(), index.len());
        self.stream(number, &dictionary, format!("{index}{bodies}").as_bytes(), true)
    }

    /// The file with a cross-reference table (7.5.4); `in_trailer` is added to its trailer.
    pub fn build(&self, in_trailer: &str) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        self.append(&mut out, in_trailer);
        out
    }

    /// Another revision of `before` (7.5.6) that holds these objects.
    pub fn revise(&self, before: &[u8], previous_table: usize) -> Vec<u8> {
        let mut out = before.to_vec();
        self.append(&mut out, &format!("/Prev {previous_table}"));
        out
    }

    /// The file with a cross-reference stream (7.5.8), which names the members of the object stream `container`.
    pub fn build_with_xref_stream(&self, number: u32, container: u32, inner: &[u32]) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut rows = vec![[0u8; 7]; number as usize + 1];
        for (object, at) in self.write_objects(&mut out) {
            rows[object as usize] = row(1, at as u32, 0);
        }
        for (index, object) in inner.iter().enumerate() {
            rows[*object as usize] = row(2, container, index as u16);
        }
        let start = out.len();
        rows[number as usize] = row(1, start as u32, 0);
        let dictionary = format!("/Type /XRef /Size {} /W [1 4 2] /Root 1 0 R", rows.len());
        let table = Self::default().stream(number, &dictionary, &rows.concat(), true);
        table.write_objects(&mut out);
        out.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        out
    }

    fn append(&self, out: &mut Vec<u8>, in_trailer: &str) {
        let mut places = self.write_objects(out);
        places.sort_unstable();
        let start = out.len();
        let size = places.last().map_or(1, |(number, _)| number + 1);
        out.extend_from_slice(b"xref\n0 1\n0000000000 65535 f \n");
        for (number, at) in places {
            out.extend_from_slice(format!("{number} 1\n{at:010} 00000 n \n").as_bytes());
        }
        out.extend_from_slice(format!("trailer\n<< /Size {size} /Root 1 0 R {in_trailer} >>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    }

    fn write_objects(&self, out: &mut Vec<u8>) -> Vec<(u32, usize)> {
        let mut places = Vec::new();
        for (number, body) in &self.objects {
            places.push((*number, out.len()));
            out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        }
        places
    }
}

/// A page without anything active.
pub fn clean(seed: &str) -> Vec<u8> {
    Pdf::new(&marker(seed), "").build("")
}

/// JavaScript that runs when the file is opened.
pub fn javascript(seed: &str) -> Vec<u8> {
    let script = format!("app.alert('harmless {}');", marker(seed));
    Pdf::new("A page with a script.", "/OpenAction 5 0 R")
        .object(5, &format!("<< /Type /Action /S /JavaScript /JS ({script}) >>"))
        .build("")
}

/// JavaScript whose every word stands only in a compressed object stream; nothing of it is visible in the raw file.
pub fn javascript_in_object_stream(seed: &str) -> Vec<u8> {
    let script = format!("app.alert('harmless {}');", marker(seed));
    let whole = Pdf::new("A page with a hidden script.", "");
    let visible = Pdf {
        objects: whole.objects.iter().filter(|(number, _)| *number != 1).cloned().collect(),
    };
    let catalog = "<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>";
    let action = format!("<< /Type /Action /S /JavaScript /JS ({script}) >>");
    visible
        .object_stream(6, &[(1, catalog), (5, &action)])
        .build_with_xref_stream(7, 6, &[1, 5])
}

/// An action that starts a program when the file is opened.
pub fn launch(seed: &str) -> Vec<u8> {
    let action = format!("<< /S /Launch /Win << /F (cmd.exe) /P (/c echo {}) >> >>", marker(seed));
    Pdf::new("A page that launches.", "/OpenAction 5 0 R").object(5, &action).build("")
}

/// A file embedded as an attachment.
pub fn attachment(name: &str, data: &[u8]) -> Vec<u8> {
    let names = format!("/Names << /EmbeddedFiles << /Names [({name}) 5 0 R] >> >>");
    Pdf::new("A page with an attachment.", &names)
        .object(5, &format!("<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F 6 0 R >> >>"))
        .stream(6, &format!("/Type /EmbeddedFile /Params << /Size {} >>", data.len()), data, true)
        .build("")
}

/// Two revisions: the first shows `marker(first)` in object 4, which the second replaces by `marker(second)` and adds JavaScript.
pub fn two_revisions(first: &str, second: &str) -> Vec<u8> {
    let before = clean(first);
    let table = before
        .windows(5)
        .rposition(|w| w == b"xref\n")
        .map_or(0, |at| before[..at].windows(5).rposition(|w| w == b"xref\n").unwrap_or(at));
    let action = "/OpenAction << /S /JavaScript /JS (app.alert\\('harmless'\\);) >>";
    let after = Pdf::new(&marker(second), action);
    let changed = Pdf {
        objects: after
            .objects
            .into_iter()
            .filter(|(number, _)| *number == 1 || *number == 4)
            .collect(),
    };
    changed.revise(&before, table)
}

/// Every PDF: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let uri = |seed: &str, target: &str| {
        let link = format!("<< /S /URI /URI ({target}) >>");
        Pdf::new(&marker(seed), "/OpenAction 5 0 R").object(5, &link).build("")
    };
    vec![
        ("pdf-clean.pdf", clean("pdf-clean")),
        ("pdf-javascript.pdf", javascript("pdf-javascript")),
        ("pdf-javascript-objstm.pdf", javascript_in_object_stream("pdf-javascript-objstm")),
        // Readers that repair open it: the line with the version is gone.
        ("pdf-no-header.pdf", javascript_in_object_stream("pdf-no-header").split_off(9)),
        ("pdf-javascript-escaped-name.pdf", {
            let script = format!(
                "<< /S /J#61vaScript /JS (app.alert\\('{}'\\);) >>",
                marker("pdf-javascript-escaped-name")
            );
            Pdf::new("A page.", "/OpenAction 5 0 R").object(5, &script).build("")
        }),
        ("pdf-javascript-stream.pdf", {
            let script = format!("app.alert('harmless {}');", marker("pdf-javascript-stream"));
            let open = "<< /S /JavaScript /JS 6 0 R >>";
            Pdf::new("A page.", "/OpenAction 5 0 R")
                .object(5, open)
                .stream(6, "", script.as_bytes(), true)
                .build("")
        }),
        ("pdf-javascript-names.pdf", {
            let names = "/Names << /JavaScript << /Names [(start) 5 0 R] >> >>";
            let script = format!("<< /S /JavaScript /JS (app.alert\\('{}'\\);) >>", marker("pdf-javascript-names"));
            Pdf::new("A page.", names).object(5, &script).build("")
        }),
        ("pdf-encrypted-javascript.pdf", encrypted_javascript("pdf-encrypted-javascript")),
        ("pdf-launch.pdf", launch("pdf-launch")),
        ("pdf-uri.pdf", uri("pdf-uri", "https://www.example.com/")),
        ("pdf-unc.pdf", {
            let action = "<< /S /GoToR /F (\\\\\\\\server.example\\\\share\\\\page.pdf) /D [0 /Fit] >>";
            Pdf::new(&marker("pdf-unc"), "/OpenAction 5 0 R").object(5, action).build("")
        }),
        ("pdf-submit.pdf", {
            let action = "<< /S /SubmitForm /F << /FS /URL /F (https://collect.example/form) >> >>";
            Pdf::new(&marker("pdf-submit"), "/OpenAction 5 0 R").object(5, action).build("")
        }),
        ("pdf-attachment.pdf", attachment("evil.txt", &payload("pdf-attachment"))),
        ("pdf-attachment-eicar.pdf", attachment("evil.com", &eicar())),
        (
            "pdf-two-revisions.pdf",
            two_revisions("pdf-two-revisions", "pdf-two-revisions-last"),
        ),
        ("pdf-prefix.pdf", [b"<!-- prefix -->\n".as_slice(), &clean("pdf-prefix")].concat()),
        ("pdf-tail.pdf", [clean("pdf-tail"), noise(8, 900)].concat()),
        ("pdf-no-xref.pdf", {
            let whole = clean("pdf-no-xref");
            let at = whole.windows(5).position(|w| w == b"xref\n").unwrap_or(whole.len());
            [&whole[..at], b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"].concat()
        }),
    ]
}

fn row(kind: u8, field: u32, last: u16) -> [u8; 7] {
    let (a, b) = (field.to_be_bytes(), last.to_be_bytes());
    [kind, a[0], a[1], a[2], a[3], b[0], b[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_reader_loads_the_whole_ones() {
        for (name, bytes) in samples() {
            if ["no-xref", "no-header", "prefix"].iter().any(|word| name.contains(word)) {
                continue;
            }
            let document = lopdf::Document::load_mem(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(document.get_pages().len(), 1, "{name}");
        }
    }

    #[test]
    fn the_hidden_script_is_invisible_in_the_raw_file() {
        let bytes = javascript_in_object_stream("hidden");
        for word in [b"JavaScript".as_slice(), b"OpenAction", b"AIRLOCK-TEST"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word));
        }
        let document = lopdf::Document::load_mem(&bytes).unwrap();
        assert!(document.catalog().unwrap().has(b"OpenAction"));
    }
}
