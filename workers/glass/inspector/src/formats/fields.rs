//! Instructions of the fields of a word processor, in Office Open XML and in RTF (ECMA-376 part 1, section 17.16; RTF 1.9.1, Fields).

use airlock_proto::Severity;

use super::opc_target::{Reach, reach};
use crate::sink::Found;

/// What an instruction does that a reader would want to know.
pub(super) fn judge(code: &str) -> Option<Found> {
    let code = code.trim();
    let verb = code.split_whitespace().next().unwrap_or_default().trim_matches('"').to_uppercase();
    match verb.as_str() {
        "DDE" | "DDEAUTO" => {
            let shown = code.get(..code.floor_char_boundary(200)).unwrap_or_default();
            let summary = format!("A field asks another program for data: {shown}.");
            Some(Found::new("dde.word_field").says(code).summary(summary))
        }
        "INCLUDETEXT" | "LINK" | "IMPORT" | "INCLUDEPICTURE" | "INCLUDE" => {
            let far = far(code)?;
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
    let targets = code.split(['"', ' ', '\t']).map(|word| word.replace("\\\\", "\\"));
    let raw = code.split(['"', ' ', '\t']).map(str::to_owned);
    raw.chain(targets).map(|target| reach(&target)).find(|reach| *reach != Reach::Local)
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
    }
}
