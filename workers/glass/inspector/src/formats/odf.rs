//! OpenDocument: what the parts of a document do on their own, and the source of its Basic macros.

use airlock_proto::{Gap, Severity};

use super::ooxml::link;
use super::opc_target::{Reach, reach};
use super::opc_xml::{self, Element, Step};
use super::zip::label::is_odf;
use super::{Doc, Format, Match};
use crate::analysers::{Analyser, NodeFacts};
use crate::found::keep_gravest;
use crate::input::Input;
use crate::sink::{Found, Sink};

/// Findings of one part; further ones are left out, the gravest are kept.
const MOST: usize = 32;

/// Events that come without a person doing more than opening, printing or closing (ODF 1.3 part 3, sections 10.3.19 and 19.429).
const AUTOMATIC: &[&str] = &[
    "dom:load",
    "dom:unload",
    "office:load-finished",
    "office:new",
    "office:create",
    "office:start-app",
    "office:view-created",
    "office:prepare-unload",
    "office:print",
    "office:save",
    "on-load",
    "on-unload",
    "on-new",
    "on-create",
    "on-print",
];

/// Looks at the parts of OpenDocument files.
pub struct Odf;

impl Analyser for Odf {
    fn name(&self) -> &'static str {
        "odf"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        if is_odf(node.format) {
            scripts(node, out);
        }
        if !input.chain.last().is_some_and(|name| is_odf(name)) || input.layer != "raw" || !opc_xml::is_xml(input.bytes) {
            return;
        }
        opc_xml::walk(&opc_xml::text(input.bytes), &mut |step| {
            part(step, out);
            keep_gravest(out, MOST);
        });
    }
}

/// Scripts in other languages than Basic lie in a folder of the package (ODF 1.3 part 2 leaves it to the application).
fn scripts(node: &NodeFacts<'_>, out: &mut Vec<Found>) {
    let script = node.children.iter().find(|c| {
        let name = &c.member.name;
        !c.member.dir && name.starts_with("Scripts/") && c.size > 0 && !name.ends_with("parcel-descriptor.xml")
    });
    if let Some(child) = script {
        out.push(Found::new("odf.script_other").says(&child.member.name));
    }
}

fn part(step: Step<'_>, out: &mut Vec<Found>) {
    match step {
        Step::Open(e) => open(&e, out),
        // Packages of the predecessor declare their document type: only entities say something.
        Step::DocType(text) if text.contains("<!ENTITY") => {
            let bomb = text.matches("<!ENTITY").count() >= 4;
            let id = if bomb { "ooxml.xml_bomb" } else { "ooxml.doctype_xxe" };
            out.push(Found::new(id).says(text));
        }
        Step::TooDeep => out.push(Found::new("ooxml.xml_bomb")),
        _ => {}
    }
}

fn open(e: &Element<'_>, out: &mut Vec<Found>) {
    let href = e.get("href").unwrap_or_default();
    if href.starts_with("vnd.sun.star.script:") && traverses(href) {
        out.push(Found::new("odf.script_traversal").at(e.at, 0).says(href));
    }
    match e.name {
        "event-listener" | "event" => event(e, href, out),
        "dde-connection-decl" | "dde-source" | "dde-link" => {
            let said: Vec<&str> = e.values().collect();
            if !out.iter().any(|f| f.id == "odf.dde") {
                out.push(Found::new("odf.dde").at(e.at, 0).says(&said.join(" ")));
            }
        }
        "a" => out.extend(link(href, reach(href)).map(|found| found.at(e.at, 0).says(href))),
        "object" | "object-ole" | "image" | "plugin" | "section-source" | "applet" | "floating-frame" | "fill-image"
        | "background-image" | "template" | "table-source" | "cell-range-source" => embedded(e, href, out),
        _ => {}
    }
}

fn event(e: &Element<'_>, href: &str, out: &mut Vec<Found>) {
    if e.get("action") == Some("execute") {
        out.push(Found::new("rel.hyperlink_exec").at(e.at, 0).says(href));
        return;
    }
    let script = if href.is_empty() {
        e.get("macro-name").unwrap_or_default()
    } else {
        href
    };
    let automatic = e.get("event-name").is_some_and(|name| AUTOMATIC.contains(&name));
    if automatic && !script.is_empty() {
        let summary = format!("A script runs when the document is opened, printed or closed: {script}.");
        out.push(Found::new("odf.event_autoload").at(e.at, 0).says(script).summary(summary));
    }
}

fn embedded(e: &Element<'_>, href: &str, out: &mut Vec<Found>) {
    let picture = matches!(e.name, "image" | "fill-image" | "background-image");
    let severity = match reach(href) {
        Reach::Local if e.name == "object-ole" && !href.is_empty() => {
            out.push(Found::new("odf.ole_object").at(e.at, 0).says(href));
            return;
        }
        Reach::Local => return,
        // 4 of 31 benign documents link pictures on the web.
        Reach::Web if picture => Severity::Low,
        Reach::Web => Severity::Medium,
        Reach::Share | Reach::Handler => Severity::High,
    };
    out.push(Found::new("odf.external_object").at(e.at, 0).says(href).severity(severity));
}

fn traverses(href: &str) -> bool {
    let plain = href
        .to_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/")
        .replace('\\', "/");
    plain.contains("../")
}

/// A module of Basic macros: the source stands escaped in XML.
pub struct Basic;

impl Format for Basic {
    fn name(&self) -> &'static str {
        "xba"
    }

    fn doc(&self) -> Doc {
        Doc {
            title: "OpenOffice Basic module",
            spec: "OpenOffice.org script:module; ODF 1.3 part 3, section 4.5",
            yields: "the source text (basic)",
            limitations: "compiled or password-protected libraries are looked at as bytes",
        }
    }

    fn sniff(&self, input: &Input<'_>) -> Match {
        if !opc_xml::is_xml(input.bytes) {
            return Match::No;
        }
        let head = input.bytes.get(..2048).unwrap_or(input.bytes);
        let module = memchr::memmem::find(head, b"<script:module ").is_some();
        if module { Match::Yes } else { Match::No }
    }

    fn unpack(&self, input: &Input<'_>, sink: &mut Sink<'_, '_>) -> Result<(), Gap> {
        let (mut name, mut source) = (String::new(), String::new());
        opc_xml::walk(&opc_xml::text(input.bytes), &mut |step| match step {
            Step::Open(e) if e.name == "module" => name = e.get("name").unwrap_or_default().to_owned(),
            Step::Text(text) => source.push_str(text),
            _ => {}
        });
        if does_something(&source) {
            sink.finding(Found::new("odf.basic_macro").says(&source));
        }
        sink.layer_slice("basic", name, source.as_bytes());
        Ok(())
    }
}

/// True when the source has a statement: the module that a new library begins with has none.
fn does_something(source: &str) -> bool {
    const FRAME: &[&str] = &["rem", "sub", "function", "end", "option", "private", "public"];
    source.lines().map(str::trim).any(|line| {
        let first = line.split([' ', '\t']).next().unwrap_or_default().to_lowercase();
        !line.is_empty() && !line.starts_with('\'') && !FRAME.contains(&first.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(xml: &str) -> Vec<&'static str> {
        let mut out = Vec::new();
        opc_xml::walk(xml, &mut |step| part(step, &mut out));
        out.iter().map(|f| f.id).collect()
    }

    #[test]
    fn events_scripts_and_links_are_seen() {
        let load = "<script:event-listener script:event-name='dom:load' xlink:href='vnd.sun.star.script:Standard.M.Main?language=Basic&amp;location=document'/>";
        assert_eq!(look(load), ["odf.event_autoload"]);
        let click = "<script:event-listener script:event-name='dom:click' xlink:href='vnd.sun.star.script:a?location=document'/>";
        assert_eq!(look(click), [""; 0]);
        let up = "<script:event-listener script:event-name='dom:mouseover' xlink:href='vnd.sun.star.script:../../x.py$f?language=Python'/>";
        assert_eq!(look(up), ["odf.script_traversal"]);
        assert_eq!(look("<draw:image xlink:href='Pictures/a.png'/>"), [""; 0]);
        assert_eq!(look("<draw:object xlink:href='\\\\h\\s\\a'/>"), ["odf.external_object"]);
        assert_eq!(look("<text:dde-connection-decl office:dde-application='soffice'/>"), ["odf.dde"]);
    }

    #[test]
    fn an_empty_module_does_nothing() {
        assert!(!does_something("REM  *****  BASIC  *****\n\nSub Main\n\nEnd Sub\n"));
        assert!(does_something("Sub Main\n Shell \"x\"\nEnd Sub"));
    }
}
