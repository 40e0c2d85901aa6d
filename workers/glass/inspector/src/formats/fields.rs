//! Fields of a word processor and their instructions, in Office Open XML and in RTF (ECMA-376 part 1, section 17.16; RTF 1.9.1, Fields).

use airlock_proto::Severity;

use super::opc_target::{Reach, reach};
use crate::sink::Found;

/// Deepest nesting of fields that is followed; the text of deeper ones belongs to the last.
const MOST_FIELDS: usize = 64;
/// Longest instruction that is read, in bytes; a run of blanks counts as one.
const MOST_CODE: usize = 1 << 20;
/// Longest result of a field that becomes a part of the instruction around it, in bytes.
const MOST_RESULT: usize = 16 << 10;

/// The fields that are open, the innermost last.
#[derive(Default)]
pub(super) struct Fields {
    open: Vec<Field>,
    deeper: usize,
}

/// A field between its marks.
#[derive(Default)]
struct Field {
    code: String,
    /// The instruction is longer than [`MOST_CODE`].
    cut: bool,
    result: String,
    separated: bool,
}

impl Fields {
    /// A field begins.
    pub(super) fn begin(&mut self) {
        if self.open.len() < MOST_FIELDS {
            self.open.push(Field::default());
        } else {
            self.deeper = self.deeper.saturating_add(1);
        }
    }

    /// Text of an instruction.
    pub(super) fn code(&mut self, text: &str) {
        if let Some(field) = self.open.last_mut().filter(|field| !field.separated) {
            field.cut |= !push(&mut field.code, text, MOST_CODE);
        }
    }

    /// Text of a result.
    pub(super) fn result(&mut self, text: &str) {
        if let Some(field) = self.open.last_mut().filter(|field| field.separated) {
            push(&mut field.result, text, MOST_RESULT);
        }
    }

    /// The instruction of the innermost field is over: what it does.
    pub(super) fn separate(&mut self) -> Option<Found> {
        let field = self.open.last_mut().filter(|field| self.deeper == 0 && !field.separated)?;
        field.separated = true;
        judge_cut(&field.code, field.cut)
    }

    /// The innermost field ends. What it yields becomes a part of the instruction around it.
    pub(super) fn end(&mut self) -> Option<Found> {
        if self.deeper > 0 {
            self.deeper = self.deeper.saturating_sub(1);
            return None;
        }
        let found = self.separate();
        let field = self.open.pop()?;
        let value = quoted(&field.code).unwrap_or(field.result);
        self.code(value.get(..value.floor_char_boundary(MOST_RESULT)).unwrap_or_default());
        found
    }

    /// Whether no field is open.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

/// Adds text with each run of blanks as one; false when it does not fit.
fn push(into: &mut String, text: &str, most: usize) -> bool {
    for letter in text.chars() {
        let blank = letter.is_whitespace() || letter.is_control();
        if blank && (into.is_empty() || into.ends_with(' ')) {
            continue;
        }
        if into.len() >= most {
            return false;
        }
        into.push(if blank { ' ' } else { letter });
    }
    true
}

/// What a QUOTE field says: character codes and quoted text (section 17.16.5.49).
fn quoted(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    let verb = words.next()?;
    if !verb.eq_ignore_ascii_case("QUOTE") {
        return None;
    }
    let mut out = String::new();
    for word in words {
        match word.parse::<u32>().ok().and_then(char::from_u32) {
            Some(c) => out.push(c),
            None => out.push_str(word.trim_matches('"')),
        }
    }
    Some(out)
}

/// What an instruction does that a reader would want to know.
pub(super) fn judge(code: &str) -> Option<Found> {
    judge_cut(code, false)
}

fn judge_cut(code: &str, cut: bool) -> Option<Found> {
    let code = code.trim();
    // A quotation mark ends the verb as a blank does.
    let words = code.trim_start_matches(is_quote);
    let verb = words
        .split(|c: char| c.is_whitespace() || is_quote(c))
        .next()
        .unwrap_or_default()
        .to_uppercase();
    match verb.as_str() {
        "DDE" | "DDEAUTO" => {
            let shown = code.get(..code.floor_char_boundary(200)).unwrap_or_default();
            let summary = format!("A field asks another program for data: {shown}.");
            Some(Found::new("dde.word_field").says(code).summary(summary))
        }
        "INCLUDETEXT" | "LINK" | "IMPORT" | "INCLUDEPICTURE" | "INCLUDE" => {
            // Where the rest of an instruction was not read, nobody knows what it leads to.
            let far = far(code).or(cut.then_some(Reach::Share))?;
            // Pictures pasted from web pages stay linked to them: that is common and only tells that somebody reads.
            let weak = far == Reach::Web && verb == "INCLUDEPICTURE";
            let severity = if weak { Severity::Low } else { Severity::High };
            Some(Found::new("field.include_remote").says(code).severity(severity))
        }
        _ => None,
    }
}

/// The first target that is not here; a backslash may be doubled.
fn far(code: &str) -> Option<Reach> {
    let words = || code.split(|c: char| c.is_whitespace() || is_quote(c));
    let targets = words().map(|word| word.replace("\\\\", "\\"));
    let raw = words().map(str::to_owned);
    raw.chain(targets).map(|target| reach(&target)).find(|reach| *reach != Reach::Local)
}

/// Straight and typographic marks: Word takes both.
fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str) -> Option<(&'static str, Option<Severity>)> {
        judge(code).map(|found| (found.id, found.severity))
    }

    #[test]
    fn an_instruction_is_told_by_its_verb_and_its_target() {
        assert_eq!(told(" DDEAUTO c:\\\\x \"y\" "), Some(("dde.word_field", None)));
        let high = Some(("field.include_remote", Some(Severity::High)));
        assert_eq!(told("INCLUDETEXT \"http://a.example/x\""), high);
        assert_eq!(told("includepicture \"\\\\\\\\host\\\\share\\\\x.png\""), high);
        assert_eq!(
            told("INCLUDEPICTURE \"http://a.example/x.png\""),
            Some(("field.include_remote", Some(Severity::Low)))
        );
        assert_eq!((told("INCLUDETEXT \"part.docx\""), told("PAGE"), told("")), (None, None, None));
        assert_eq!(told("DDEAUTO\"c:\\\\x\" \"y\""), Some(("dde.word_field", None)));
        assert_eq!(told("INCLUDETEXT\u{201c}http://a.example/x\u{201d}"), high);
        assert_eq!((told("DDEAUTOMATIC x"), told("INCLUDETEXT\"part.docx\"")), (None, None));
    }

    #[test]
    fn blanks_and_inner_fields_hide_no_instruction() {
        let ids = |found: [Option<Found>; 2]| found.map(|found| found.map(|found| found.id));
        let mut fields = Fields::default();
        fields.begin();
        fields.code(&" ".repeat(3 * MOST_CODE));
        fields.begin();
        fields.code("SET a \"b\"");
        assert!(fields.end().is_none());
        fields.begin();
        fields.code("QUOTE 68 68");
        assert!(fields.separate().is_none());
        fields.result("nothing");
        assert!(fields.end().is_none());
        fields.code("EAUTO x");
        let found = [fields.separate(), fields.end()];
        assert_eq!(ids(found), [Some("dde.word_field"), None]);
        assert!(fields.is_empty());
        fields.begin();
        fields.code("INCLUDETEXT ");
        fields.code(&"x".repeat(MOST_CODE));
        assert_eq!(ids([fields.end(), None]), [Some("field.include_remote"), None]);
    }
}
