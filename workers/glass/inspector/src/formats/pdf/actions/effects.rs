//! What an action does: runs a script, starts a file, opens an address, sends a form.

use airlock_proto::Severity;

use super::{Hunt, MAX_REPEATS, MAX_SCRIPT, MAX_SCRIPTS, Place, Script, file_name};
use crate::analysers::extensions;
use crate::formats::pdf::value::{Dict, Value, get};
use crate::formats::pdf::words::{obfuscation, odd_address, pages, remote, share, short, suspicious_api, text};
use crate::input::extension;
use crate::sink::Found;

impl Hunt<'_> {
    pub(super) fn script(&mut self, value: &Value, place: Place<'_>) {
        let doc = self.doc;
        let mut texts = Vec::new();
        match value {
            Value::Text(bytes) => texts.push(text(bytes)),
            Value::Ref(number) => {
                for (index, body) in doc.bodies(*number).take(16) {
                    match &body.value {
                        Value::Text(bytes) => texts.push(text(bytes)),
                        Value::Dict(_) if body.stream.is_some() => {
                            // Decoded once, however many actions name it.
                            if !self.out.script_streams.insert(index) {
                                continue;
                            }
                            texts.push(text(&doc.decoded(body, MAX_SCRIPT).0));
                            texts.extend(doc.decoded_otherwise(body, MAX_SCRIPT).iter().map(|other| text(other)));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        for script in texts {
            self.script_text(script, place);
        }
    }

    /// Tells of a script once, however often it stands in the file.
    fn script_text(&mut self, script: String, place: Place<'_>) {
        if script.trim().is_empty() || self.script_bytes.saturating_add(script.len()) > MAX_SCRIPTS || self.texts.contains(&script) {
            return;
        }
        self.script_bytes = self.script_bytes.saturating_add(script.len());
        // Encrypted and not opened: the bytes say nothing.
        let told = if self.doc.locked {
            "a script that is encrypted".to_owned()
        } else {
            short(&script)
        };
        let (id, verb) = if place.auto {
            ("pdf.js_auto", "it runs JavaScript")
        } else {
            ("pdf.javascript", "it runs JavaScript")
        };
        self.tell_some(
            place,
            Found::new(id).says(&script).summary(format!("{} {verb}: {told}", place.trigger)),
        );
        if self.doc.locked {
            return;
        }
        self.pages.extend(pages(&script));
        let told_of_pages = self.told_of_pages;
        let call = suspicious_api(&script, &self.pages).filter(|(.., severity)| *severity > Severity::Low || !told_of_pages);
        if let Some((call, what, severity)) = call {
            // A form with a link beside each field is one thing to know.
            self.told_of_pages |= severity == Severity::Low;
            let sentence = format!("{} a script {what} ({call})", place.trigger);
            let found = Found::new("pdf.js_suspicious_api").says(&script).severity(severity);
            self.tell_some(place, found.summary(sentence));
        }
        if let Some(how) = obfuscation(&script) {
            let sentence = format!("A script hides what it does: {how}");
            self.tell_some(place, Found::new("pdf.js_obfuscated").says(&script).summary(sentence));
        }
        let object = self.doc.scan.objects.get(place.object);
        if object.is_some_and(|o| o.holder.is_some()) {
            let severity = if place.auto { Severity::Medium } else { Severity::Info };
            self.hidden(place, severity, &script);
        }
        let name = object.map_or("JavaScript of the trailer".to_owned(), |o| {
            format!("JavaScript of obj {} {}", o.number, o.generation)
        });
        self.out.scripts.push(Script {
            name,
            text: script.clone(),
        });
        self.texts.insert(script);
    }

    /// The file that an action names: a string, or a file specification (section 7.11).
    pub(super) fn target(&self, dict: &Dict) -> String {
        let file = get(dict, b"F").map(|v| self.doc.resolve(v));
        file.map(|f| file_name(self.doc, f)).unwrap_or_default()
    }

    pub(super) fn launch(&mut self, dict: &Dict, place: Place<'_>) {
        let mut target = self.target(dict);
        let mut parameters = String::new();
        for system in [&b"Win"[..], b"Unix", b"Mac"] {
            let Some(value) = get(dict, system).map(|v| self.doc.resolve(v)) else {
                continue;
            };
            if let Some(start) = value.dict() {
                let part = |key| {
                    get(start, key)
                        .and_then(|v| self.doc.resolve(v).text())
                        .map(text)
                        .unwrap_or_default()
                };
                if target.is_empty() {
                    target = part(b"F");
                }
                if parameters.is_empty() {
                    parameters = part(b"P");
                }
            } else if target.is_empty() {
                target = file_name(self.doc, value);
            }
        }
        self.names(place, dict, &target);
        self.names(place, dict, &parameters);
        let document = matches!(
            extension(&target).as_str(),
            "pdf" | "txt" | "htm" | "html" | "jpg" | "png" | "doc" | "docx" | "xls" | "xlsx"
        );
        let runs = !parameters.trim().is_empty() || share(&target) || extensions::runs(&extension(&target)) || shells(&target);
        let severity = match (runs, document) {
            (true, _) => Severity::Critical,
            // A collection of documents on a disc opens its own parts like this.
            (false, true) if !place.auto && is_sibling(&target) => Severity::Low,
            (false, true) => Severity::Medium,
            (false, false) => Severity::High,
        };
        let mut sentence = format!("{} it starts {}", place.trigger, short(&target));
        if !parameters.trim().is_empty() {
            sentence.push_str(&format!(" with the arguments {}", short(&parameters)));
        }
        let evidence = format!("{target} {parameters}");
        // A button on every page is one thing to know.
        if !self.launched.insert((evidence.clone(), place.auto)) {
            return;
        }
        let found = Found::new("pdf.launch").severity(severity).says(evidence.trim()).summary(sentence);
        self.tell(place, found);
        if self.doc.scan.objects.get(place.object).is_some_and(|o| o.holder.is_some()) {
            self.hidden(place, Severity::Medium, &target);
        }
    }

    pub(super) fn address(&mut self, dict: &Dict, place: Place<'_>) {
        let Some(address) = get(dict, b"URI").and_then(|v| self.doc.resolve(v).text()).map(text) else {
            return;
        };
        if self.doc.locked || !self.addresses.insert(address.clone()) {
            return;
        }
        self.names(place, dict, &address);
        let sentence = format!("{} it opens the address {}", place.trigger, short(&address));
        // Of very many links each is looked at, and the odd ones are told.
        if self.addresses.len() <= MAX_REPEATS {
            self.tell(place, Found::new("pdf.uri").says(&address).summary(sentence));
        }
        if let Some((id, why, severity)) = odd_address(&address) {
            let sentence = format!("A link {why}: {}", short(&address));
            self.tell_some(place, Found::new(id).severity(severity).says(&address).summary(sentence));
        }
    }

    pub(super) fn submit(&mut self, dict: &Dict, place: Place<'_>) {
        let target = self.target(dict);
        // A button of a form that sends it to its maker is what forms are for.
        let severity = if place.auto || share(&target) {
            Severity::High
        } else {
            Severity::Medium
        };
        if remote(&target) || place.auto {
            self.names(place, dict, &target);
            let sentence = format!("{} it sends the form to {}", place.trigger, short(&target));
            let found = Found::new("pdf.submitform").severity(severity).says(&target).summary(sentence);
            self.tell(place, found);
        }
    }
}

/// Another PDF of the same collection, by a path that stays in its folder.
fn is_sibling(target: &str) -> bool {
    extension(target) == "pdf" && !target.contains([':', '\\']) && !target.starts_with('/') && !target.contains("..")
}

/// Interpreters without an extension.
fn shells(target: &str) -> bool {
    let base = target.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        base.as_str(),
        "cmd"
            | "powershell"
            | "mshta"
            | "wscript"
            | "cscript"
            | "rundll32"
            | "regsvr32"
            | "sh"
            | "bash"
            | "python"
            | "certutil"
            | "osascript"
    )
}
