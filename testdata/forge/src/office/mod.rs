//! Office Open XML packages: clean documents, and the ones with macros, external targets and objects (ECMA-376).

mod samples;

pub use samples::samples;

use crate::vba;
use crate::zip::{Archive, Entry};

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
        let mut package = Self {
            parts: Vec::new(),
            overrides: String::new(),
            relations: String::new(),
            kind,
        };
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
        let base = if kind == "vbaProject" {
            "http://schemas.microsoft.com/office/2006/relationships"
        } else {
            REL
        };
        self.relations += &format!("<Relationship Id=\"rId{id}\" Type=\"{base}/{kind}\" Target=\"{target}\"{mode}/>");
        self
    }

    /// Adds a file as an embedded package, with its relationship.
    pub fn embed(self, name: &str, data: &[u8]) -> Self {
        let folder = self.kind.main_part().0;
        self.part(&format!("{folder}/embeddings/{name}"), data)
            .relation("package", &format!("embeddings/{name}"), false)
    }

    /// Adds a VBA project, with its relationship; `build_macro` then gives the right content type.
    pub fn project(self, project: vba::Project) -> Self {
        let folder = self.kind.main_part().0;
        let bytes = project.build();
        self.part(&format!("{folder}/vbaProject.bin"), &bytes)
            .relation("vbaProject", "vbaProject.bin", false)
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
        let root = relationships(&format!(
            "<Relationship Id=\"rId1\" Type=\"{REL}/officeDocument\" Target=\"{main}\"/>"
        ));
        let own = relationships(&self.relations);
        let own_name = format!("{folder}/_rels/{file}.rels");
        let mut entries = vec![
            Entry::deflated("[Content_Types].xml", types.as_bytes()),
            Entry::deflated("_rels/.rels", root.as_bytes()),
        ];
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
        self.overrides +=
            &format!("<Override PartName=\"/{part}\" ContentType=\"application/vnd.openxmlformats-officedocument.{kind}+xml\"/>");
    }
}

/// A document from a template at `target`: the attack is a `settings.xml` relationship.
pub fn docx_with_template(target: &str, text: &str) -> Vec<u8> {
    let settings = format!(
        "{XML}<w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"{REL}\">\
         <w:attachedTemplate r:id=\"rId1\"/></w:settings>"
    );
    let relation = relationships(&format!(
        "<Relationship Id=\"rId1\" Type=\"{REL}/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/>"
    ));
    Package::new(Ooxml::Docx, text)
        .part("word/settings.xml", settings.as_bytes())
        .part("word/_rels/settings.xml.rels", relation.as_bytes())
        .relation("settings", "settings.xml", false)
        .build()
}

fn relationships(body: &str) -> String {
    format!("{XML}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{body}</Relationships>")
}
