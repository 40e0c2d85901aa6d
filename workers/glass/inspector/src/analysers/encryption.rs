//! What encryption says (findings 55 to 60): content that cannot be seen, and the signs that it is meant not to be.

use super::{Analyser, NodeFacts, extensions};
use crate::input::{Input, extension};
use crate::sink::{Child, Found};

/// See the module.
pub struct Encryption;

impl Analyser for Encryption {
    fn name(&self) -> &'static str {
        "encryption"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        let files = || node.children.iter().filter(|c| c.layer == "raw" && !c.member.dir);
        let locked: Vec<&Child> = files().filter(|c| c.member.encrypted).collect();
        let Some(first) = locked.first() else { return };
        out.push(Found::new("enc.archive").says(&first.member.name).summary(format!(
            "{} of {} members are encrypted.",
            locked.len(),
            files().count()
        )));
        if locked.len() < files().filter(|c| c.member.declared != Some(0)).count() && files().any(|c| !c.member.encrypted && c.size > 0) {
            out.push(Found::new("enc.mixed").says(&first.member.name));
        }
        if let Some(program) = locked.iter().find(|c| extensions::runs(&extension(&c.member.name))) {
            out.push(Found::new("enc.exec_name_inside").says(&program.member.name));
        }
        // The root's own name is no evidence of its content; that of an archive within another is.
        let own = (node.depth > 0).then_some(input.name);
        let names = own.into_iter().chain(files().map(|c| c.member.name.as_str()));
        if let Some(hint) = names.into_iter().find(|name| tells_password(name)) {
            out.push(Found::new("enc.password_in_context").says(hint));
        }
    }
}

/// True for names like `invoice (password 1234).zip` or `pw-is-2026.txt`: a word for password and something after it.
fn tells_password(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "password",
        "passwort",
        "kennwort",
        "passcode",
        "mot de passe",
        "contraseña",
        "parola",
        "pass=",
        "pw=",
        "pw-",
        "pw_",
        "pwd",
    ];
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let lower = stem.to_lowercase();
    WORDS.iter().any(|word| {
        lower.split_once(word).is_some_and(|(_, after)| {
            let token = after.trim_start_matches(|c: char| !c.is_alphanumeric());
            token.chars().filter(|c| c.is_alphanumeric()).count() >= 3
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_names_are_seen() {
        assert!(tells_password("Invoice (Password 1234).zip") && tells_password("pw-2026.txt") && tells_password("Passwort_geheim.zip"));
        assert!(!tells_password("password.txt") && !tells_password("invoice.zip") && !tells_password("keyboard.pdf"));
    }
}
