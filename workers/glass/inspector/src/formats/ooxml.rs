//! Office Open XML: what the parts of a document do on their own, found in their XML whatever they are called.

use std::collections::BTreeSet;

use airlock_proto::Severity;

use super::fields::{self, Fields};
use super::opc_target::{Reach, reach, runs};
use super::opc_xml::{self, Element, Step};
use super::zip::label::is_ooxml;
use crate::analysers::{Analyser, NodeFacts};
use crate::found::keep_gravest;
use crate::input::Input;
use crate::sink::Found;

/// Findings of one part; further ones are left out, the gravest are kept.
const MOST: usize = 32;
/// Longest formula that is read, in bytes.
const MOST_FORMULA: usize = 16 << 10;
/// Most spellings of one attribute that are looked at: with a prefix it is another one, and a reader knows which.
const MOST_SPELLINGS: usize = 16;

/// Looks at the parts of Office Open XML documents.
pub struct Ooxml;

impl Analyser for Ooxml {
    fn name(&self) -> &'static str {
        "ooxml"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        if is_ooxml(node.format) {
            programs(node, out);
        }
        let Some(document) = input.chain.last().filter(|name| is_ooxml(name)) else {
            return;
        };
        if input.layer != "raw" || !opc_xml::is_xml(input.bytes) {
            return;
        }
        let mut part = Part {
            document,
            ..Part::default()
        };
        opc_xml::walk(&opc_xml::text(input.bytes), &mut |step| part.step(step));
        part.finish();
        if opc_xml::is_cut(input.bytes) {
            part.once(Found::new("ooxml.xml_bomb").summary("A part is not UTF-8 and longer than is looked at."));
        }
        out.append(&mut part.found);
    }
}

/// Programs among the parts: no application puts them there.
fn programs(node: &NodeFacts<'_>, out: &mut Vec<Found>) {
    let program = node
        .children
        .iter()
        .find(|c| matches!(c.format, Some("pe" | "elf" | "macho" | "lnk")));
    if let Some(child) = program {
        out.push(Found::new("ooxml.stray_part").says(&child.member.name));
    }
}

/// One part while it is walked.
#[derive(Default)]
struct Part<'d> {
    document: &'d str,
    found: Vec<Found>,
    fields: Fields,
    in_code: bool,
    in_result: bool,
    /// Elements of others that are open and called as those of fields are.
    foreign: usize,
    assembly: bool,
    root: String,
    /// The formula of a macro sheet while it is read, its references replaced and its pieces joined.
    formula: Option<String>,
}

impl Part<'_> {
    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Open(element) => self.open(&element),
            Step::Close(name) if self.foreign > 0 && of_field(name) => self.foreign = self.foreign.saturating_sub(1),
            Step::Close(name) => {
                self.in_code &= name != "instrText" && name != "delInstrText";
                self.in_result &= name != "t";
                self.assembly &= name != "property";
                if name == "f" {
                    self.formula();
                }
            }
            Step::Text(text) => self.text(text),
            Step::DocType(text) => self.document_type(text),
            Step::TooDeep => self.tell(Found::new("ooxml.xml_bomb")),
        }
    }

    fn tell(&mut self, found: Found) {
        self.found.push(found);
        keep_gravest(&mut self.found, MOST);
    }

    fn once(&mut self, found: Found) {
        if !self.found.iter().any(|have| have.id == found.id) {
            self.tell(found);
        }
    }

    fn open(&mut self, e: &Element<'_>) {
        if self.root.is_empty() {
            self.root = e.name.to_owned();
        }
        if e.foreign && of_field(e.name) {
            self.foreign = self.foreign.saturating_add(1);
            return;
        }
        match e.name {
            "Relationship" => self.relationship(e),
            "fldSimple" => {
                for code in e.all("instr").take(MOST_SPELLINGS) {
                    if let Some(found) = fields::judge(code) {
                        self.tell(found);
                    }
                }
            }
            "fldChar" => self.mark(e),
            "instrText" | "delInstrText" => self.in_code = true,
            "t" => self.in_result = true,
            "altChunk" => self.once(Found::new("ooxml.altchunk").at(e.at, 0)),
            "hlinkClick" | "hlinkHover" | "hlinkMouseOver" => self.action(e),
            "customUI" => self.ribbon(e),
            "macrosheet" if self.root == "macrosheet" => self.once(Found::new("xlm.sheet").at(e.at, 0)),
            "f" if self.root == "macrosheet" => self.formula = Some(String::new()),
            "definedName" => self.defined_name(e),
            "ddeLink" => self.dde_link(e),
            "webPr" | "dbPr" | "textPr" if self.root == "connections" => self.connection(e),
            "taskpane" if matches!(e.get("visibility"), Some("1" | "true")) => {
                self.once(Found::new("ooxml.webextension").at(e.at, 0));
            }
            "property" => self.assembly = e.get("name") == Some("_AssemblyLocation"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.assembly && reach(text) != Reach::Local {
            self.tell(Found::new("ooxml.vsto_customization").says(text));
        }
        if let Some(formula) = self.formula.as_mut().filter(|formula| formula.len() < MOST_FORMULA) {
            formula.push_str(text.get(..MOST_FORMULA).unwrap_or(text));
        }
        if self.in_code {
            self.fields.code(text);
        } else if self.in_result {
            self.fields.result(text);
        }
    }

    /// Begin, separator or end of a field.
    fn mark(&mut self, e: &Element<'_>) {
        let is = |kind: &str| e.all("fldCharType").any(|value| value == kind);
        // Of several spellings, the one that loses nothing: a field that stays open is looked at in the end.
        let found = if is("begin") {
            self.fields.begin();
            None
        } else if is("end") {
            self.fields.end()
        } else if is("separate") {
            self.fields.separate()
        } else {
            None
        };
        if let Some(found) = found {
            self.tell(found);
        }
    }

    /// What is still open at the end of the part is as good as closed.
    fn finish(&mut self) {
        while !self.fields.is_empty() {
            if let Some(found) = self.fields.end() {
                self.tell(found);
            }
        }
    }

    fn relationship(&mut self, e: &Element<'_>) {
        let mut modes = e.all("TargetMode").map(|mode| mode.eq_ignore_ascii_case("External")).peekable();
        let modes: BTreeSet<bool> = if modes.peek().is_some() { modes.collect() } else { [false].into() };
        for kind in e.all("Type").take(MOST_SPELLINGS) {
            let kind = kind.rsplit('/').next().unwrap_or(kind).to_lowercase();
            for target in e.all("Target").take(MOST_SPELLINGS) {
                for external in &modes {
                    self.relation(e, &kind, target, *external);
                }
            }
        }
    }

    fn relation(&mut self, e: &Element<'_>, kind: &str, target: &str, external: bool) {
        if !external {
            if kind == "vbaproject" && !may_have_macros(self.document) {
                let summary = format!(
                    "The content type says that this is a {} without macros, and it has a macro project.",
                    self.document
                );
                self.tell(Found::new("ooxml.macro_content_type").at(e.at, 0).says(target).summary(summary));
            }
            if kind == "afchunk" {
                let rtf = crate::input::extension(target) == "rtf";
                let severity = if rtf { Severity::High } else { Severity::Medium };
                self.tell(Found::new("ooxml.altchunk").at(e.at, 0).says(target).severity(severity));
            }
            return;
        }
        let far = reach(target);
        let found = match kind {
            "hyperlink" => link(target, far),
            "attachedtemplate" => Some(Found::new("rel.remote_template").severity(weight(far, Severity::Info))),
            "image" | "audio" | "video" | "media" => match far {
                Reach::Local => None,
                Reach::Web => Some(Found::new("rel.remote_image")),
                Reach::Share | Reach::Handler => Some(Found::new("rel.remote_image").severity(Severity::High)),
            },
            "externallinkpath" | "xlpathmissing" | "xlexternallinkpath" => match far {
                Reach::Local => None,
                Reach::Web | Reach::Share => Some(Found::new("rel.external_workbook")),
                Reach::Handler => Some(Found::new("rel.external_workbook").severity(Severity::Critical)),
            },
            "afchunk" => Some(Found::new("ooxml.altchunk").severity(Severity::High)),
            _ if far == Reach::Local => None,
            _ => Some(Found::new("rel.remote_ole").severity(weight(far, Severity::Info))),
        };
        if let Some(found) = found {
            let summary = format!("The document refers to {} ({kind}).", target.get(..300).unwrap_or(target));
            self.tell(found.at(e.at, 0).says(target).summary(summary));
        }
    }

    fn action(&mut self, e: &Element<'_>) {
        for action in e.all("action").take(MOST_SPELLINGS) {
            self.run(e, action);
        }
    }

    fn run(&mut self, e: &Element<'_>, action: &str) {
        if action.starts_with("ppaction://program") {
            self.tell(Found::new("ppt.action_run").at(e.at, 0).says(action));
        } else if action.starts_with("ppaction://macro") {
            self.tell(
                Found::new("ppt.action_run")
                    .at(e.at, 0)
                    .says(action)
                    .severity(Severity::Medium)
                    .confidence(60),
            );
        }
    }

    fn ribbon(&mut self, e: &Element<'_>) {
        let Some(macro_name) = e.get("onLoad") else { return };
        let remote = macro_name.contains("://") || macro_name.contains("\\\\") || macro_name.contains('!');
        let severity = if remote { Severity::High } else { Severity::Low };
        self.once(Found::new("ooxml.customui_onload").at(e.at, 0).says(macro_name).severity(severity));
    }

    /// What the formula of a macro sheet calls. A rule looks at the XML as it stands, where references, comments and blanks hide names.
    fn formula(&mut self) {
        const CALLS: &[&str] = &["EXEC", "CALL", "REGISTER", "REGISTER.ID", "FOPEN", "FWRITE", "FWRITELN"];
        let Some(formula) = self.formula.take() else { return };
        let bare: String = formula.to_uppercase().chars().filter(|c| !c.is_whitespace()).collect();
        let mut pieces = bare.split('(').peekable();
        let mut calls = false;
        while let Some(piece) = pieces.next() {
            let name = piece
                .rsplit(|c: char| !c.is_alphanumeric() && c != '.' && c != '_')
                .next()
                .unwrap_or(piece);
            // A formula that is written by a formula is how names are put together out of pieces.
            let writes = matches!(name, "FORMULA" | "FORMULA.FILL") && pieces.peek().is_some_and(|next| next.contains("\"="));
            calls |= pieces.peek().is_some() && (CALLS.contains(&name) || writes);
        }
        if calls {
            self.once(Found::new("xlm.exec_call").says(&formula));
        }
    }

    /// Names at which Excel begins to run a macro sheet; what follows them is free (`Auto_Open1`), and letters of either case will do.
    fn defined_name(&mut self, e: &Element<'_>) {
        let name = e.get("name").unwrap_or_default();
        let lower = name.to_lowercase();
        let word = lower.strip_prefix("_xlnm.").unwrap_or(&lower);
        if ["auto_open", "auto_close", "auto_activate", "auto_deactivate"]
            .iter()
            .any(|auto| word.starts_with(auto))
        {
            self.once(Found::new("xlm.auto_open_name").at(e.at, 0).says(name));
        }
    }

    fn dde_link(&mut self, e: &Element<'_>) {
        let said = |name: &str| e.all(name).take(MOST_SPELLINGS).collect::<Vec<_>>().join(" ");
        let (service, topic) = (said("ddeService"), said("ddeTopic"));
        let said = format!("{service}|{topic}");
        let program = [
            "cmd",
            "powershell",
            "mshta",
            "wscript",
            "cscript",
            "rundll32",
            "regsvr32",
            "msiexec",
            "certutil",
        ];
        let lower = said.to_lowercase();
        let runs = program.iter().any(|name| lower.contains(name));
        let severity = if runs { Severity::Critical } else { Severity::High };
        self.tell(Found::new("dde.excel_link").at(e.at, 0).says(&said).severity(severity));
    }

    fn connection(&mut self, e: &Element<'_>) {
        let said = ["url", "connection", "command", "sourceFile"].iter().find_map(|name| e.get(name));
        if let Some(said) = said {
            self.once(Found::new("ooxml.data_connection").at(e.at, 0).says(said));
        }
    }

    fn document_type(&mut self, text: &str) {
        let entities = text.matches("<!ENTITY").count();
        let name = text.split_whitespace().next().unwrap_or_default().to_lowercase();
        if matches!(name.as_str(), "svg" | "html") {
            return;
        }
        if entities >= 4 && text.matches('&').count() >= entities {
            self.tell(Found::new("ooxml.xml_bomb").says(text));
        } else {
            let severity = if entities > 0 { Severity::High } else { Severity::Medium };
            self.tell(Found::new("ooxml.doctype_xxe").says(text).severity(severity));
        }
    }
}

fn of_field(name: &str) -> bool {
    matches!(name, "fldChar" | "fldSimple" | "instrText" | "delInstrText" | "t")
}

/// A hyperlink, where it leads to something that runs or to another machine by file sharing.
pub fn link(target: &str, far: Reach) -> Option<Found> {
    let severity = match (far, runs(target)) {
        (Reach::Handler, _) | (Reach::Share, true) => Severity::High,
        (Reach::Local, true) if target.contains(['\\', ':']) => Severity::High,
        (Reach::Share, false) | (Reach::Web | Reach::Local, true) => Severity::Medium,
        _ => return None,
    };
    Some(Found::new("rel.hyperlink_exec").severity(severity))
}

/// The weight of something that an application loads by itself.
fn weight(far: Reach, local: Severity) -> Severity {
    match far {
        Reach::Local => local,
        Reach::Web | Reach::Share => Severity::High,
        Reach::Handler => Severity::Critical,
    }
}

fn may_have_macros(label: &str) -> bool {
    !matches!(label, "docx" | "dotx" | "xlsx" | "xltx" | "pptx" | "ppsx" | "potx" | "vsdx")
}

#[cfg(test)]
mod tests;
