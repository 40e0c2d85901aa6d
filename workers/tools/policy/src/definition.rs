//! Definition: the administrator's settings, one for every cell of the decision table (DECISIONS 1).

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cells::{Action, GapCell, OtherTypes, PageCell, PasswordCell, SandboxTimeout, Trigger, Unchecked, UnsafeLink};
use crate::entry::{Way, no_address, no_domain, no_tenant};
use crate::facts::Route;
use crate::fault::{PolicyError, PolicyErrors, line_of_entry, line_of_key};

/// One definition; the default is the table of DECISIONS 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definition {
    /// Name, 1 to 64 characters of `a-z A-Z 0-9 . _ -`.
    pub name: String,
    /// What it is for, in the administrator's words.
    pub description: String,
    /// The definition with the lowest number that fits a request is the one in force (default 100).
    pub priority: u32,
    /// Tenants it is for; none: all.
    pub tenants: Vec<String>,
    /// Mail addresses of people it is for. With `groups` and `domains`: any of them fits; none at all: everybody.
    pub recipients: Vec<String>,
    /// Groups of people (`groups.toml`) it is for.
    pub groups: Vec<String>,
    /// Mail domains it is for; `example.org` covers `a.example.org` too.
    pub domains: Vec<String>,
    /// Routes it is for; for `journal` and `outbound` the action must be `sandbox` (REQUIREMENTS B32).
    pub routes: Vec<Route>,
    /// Whether downloads are judged at all; off: the link check alone speaks.
    pub url_file_download: bool,
    /// What starts the action.
    pub trigger: Trigger,
    /// What follows for a download.
    pub action: Action,
    /// What follows for a suspicious page.
    pub unsafe_link_action: UnsafeLink,
    /// What follows for a link that could not be checked.
    pub unchecked: Unchecked,
    /// A page with an encrypted part.
    pub page_gap_password: PageCell,
    /// A page beyond a limit.
    pub page_gap_limit: PageCell,
    /// A damaged page.
    pub page_gap_damaged: PageCell,
    /// A page with a part that is not opened.
    pub page_gap_unsupported: PageCell,
    /// Types that are not searched for.
    pub other_types: OtherTypes,
    /// An encrypted download.
    pub gap_password: PasswordCell,
    /// A download beyond a limit.
    pub gap_limit: GapCell,
    /// A damaged download.
    pub gap_damaged: GapCell,
    /// A download with a part that is not opened.
    pub gap_unsupported: GapCell,
    /// The sandbox gives no answer.
    pub on_sandbox_timeout: SandboxTimeout,
}

impl Default for Definition {
    fn default() -> Self {
        Definition {
            name: "default".to_owned(),
            description: String::new(),
            priority: 100,
            tenants: Vec::new(),
            recipients: Vec::new(),
            groups: Vec::new(),
            domains: Vec::new(),
            routes: vec![Route::Inbound],
            url_file_download: true,
            trigger: Trigger::ThreatDetected,
            action: Action::Block,
            unsafe_link_action: UnsafeLink::Block,
            unchecked: Unchecked::Block,
            page_gap_password: PageCell::Warn,
            page_gap_limit: PageCell::Block,
            page_gap_damaged: PageCell::Release,
            page_gap_unsupported: PageCell::Release,
            other_types: OtherTypes::Scan,
            gap_password: PasswordCell::Ask,
            gap_limit: GapCell::Block,
            gap_damaged: GapCell::Warn,
            gap_unsupported: GapCell::Warn,
            on_sandbox_timeout: SandboxTimeout::Block,
        }
    }
}

impl Definition {
    /// Reads a definition; what it does not set has the default.
    ///
    /// # Errors
    /// [`PolicyErrors`], all of them with their lines: not TOML, unknown fields or values, a bad name, a route that its action does
    /// not fit.
    pub fn from_toml(text: &str) -> Result<Self, PolicyErrors> {
        let table: toml::Table = toml::from_str(text).map_err(|e| PolicyErrors(vec![PolicyError::of(&e, text)]))?;
        let mut faults = Vec::new();
        let mut sound = toml::Table::new();
        // Each setting is tried with nothing beside it, so that one mistake does not hide the next.
        for (key, value) in table {
            let alone = toml::Table::from_iter([(key.clone(), value.clone())]);
            match alone.try_into::<Definition>() {
                Ok(_) => drop(sound.insert(key, value)),
                Err(e) => faults.push(PolicyError {
                    line: line_of_key(text, &key),
                    message: format!("{key}: {}", e.message().trim().replace('\n', ", ")),
                }),
            }
        }
        let definition: Definition = sound.try_into().map_err(|e| PolicyErrors(vec![PolicyError::of(&e, text)]))?;
        if !is_name(&definition.name) {
            faults.push(PolicyError {
                line: line_of_key(text, "name"),
                message: "name must be 1 to 64 characters of a-z A-Z 0-9 . _ -".to_owned(),
            });
        }
        faults.extend(definition.misfits(text));
        for route in &definition.routes {
            if let Err(e) = definition.fits(*route) {
                let line = line_of_key(text, "action").or(line_of_key(text, "routes"));
                faults.push(PolicyError { line, ..e });
            }
        }
        if faults.is_empty() {
            return Ok(definition);
        }
        faults.sort();
        Err(PolicyErrors(faults))
    }

    /// Entries that can fit nobody, with their lines.
    fn misfits(&self, text: &str) -> Vec<PolicyError> {
        let lists: [(&str, &[String], Way); 3] = [
            ("tenants", &self.tenants, no_tenant),
            ("recipients", &self.recipients, no_address),
            ("domains", &self.domains, no_domain),
        ];
        let mut faults = Vec::new();
        if self.routes.is_empty() {
            faults.push(PolicyError {
                line: line_of_key(text, "routes"),
                message: "routes: names none and can fit nobody: name some, or leave it out for inbound".to_owned(),
            });
        }
        for (key, entries, why) in lists {
            for (place, entry) in entries.iter().enumerate() {
                if let Some(way) = why(entry) {
                    faults.push(PolicyError {
                        line: line_of_entry(text, key, place),
                        message: format!("{key}: {entry:?} can fit nobody: {way}"),
                    });
                }
            }
        }
        faults
    }

    /// The definition as text, without whom it is for: all that a decision needs.
    pub fn settings(&self) -> String {
        let alone = Definition {
            description: String::new(),
            tenants: Vec::new(),
            recipients: Vec::new(),
            groups: Vec::new(),
            domains: Vec::new(),
            ..self.clone()
        };
        alone.text()
    }

    /// The whole definition as text; [`Definition::from_toml`] reads it back.
    pub fn text(&self) -> String {
        // TOML of a struct without maps always serialises.
        toml::to_string(self).unwrap_or_default()
    }

    /// Whether the definition may be used for a route: for journal and outbound the sandbox is the only action.
    ///
    /// # Errors
    /// [`PolicyError`] that names the route and how to go on.
    pub fn fits(&self, route: Route) -> Result<(), PolicyError> {
        let word = match route {
            Route::Inbound => return Ok(()),
            Route::Outbound => "outbound",
            Route::Journal => "journal",
        };
        if self.action == Action::Sandbox {
            return Ok(());
        }
        Err(PolicyError {
            line: None,
            message: format!("route {word} knows only the sandbox: set action = \"sandbox\", or take \"{word}\" out of routes"),
        })
    }
}

/// Stable id of a definition, `NAME@HEX`: the first 12 digits of the SHA-256 of all its settings.
pub fn digest(definition: &Definition) -> String {
    // TOML of a struct without maps writes every field in its declared order, so equal settings give equal text.
    let text = definition.text();
    let hex = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    format!("{}@{}", definition.name, hex.get(..12).unwrap_or(&hex))
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Definition::from_toml("").unwrap(), Definition::default());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut definition = Definition {
            action: Action::Sandbox,
            routes: vec![Route::Journal, Route::Outbound],
            ..Definition::default()
        };
        definition.gap_password = PasswordCell::Sandbox;
        assert_eq!(Definition::from_toml(&toml::to_string(&definition).unwrap()).unwrap(), definition);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, line, word) in [
            ("action = \"warn\"\nactoin = \"block\"\n", 2, "actoin"),
            ("\n\naction = \"alow\"", 3, "alow"),
            ("unchecked = \"release\"", 1, "release"),
            ("gap_limit = \"release\"", 1, "release"),
            ("on_sandbox_timeout = \"release\"", 1, "release"),
            ("action = ", 1, ""),
            ("trigger = \"file_detected\"\nname = \"a b\"", 2, "name"),
            ("routes = [\"inbound\", \"journal\"]\naction = \"warn\"", 2, "journal"),
            ("name = \"x\"\nroutes = [\"outbound\"]", 2, "outbound"),
        ] {
            let errors = Definition::from_toml(text).unwrap_err();
            assert_eq!(errors.0.len(), 1, "{errors}");
            assert_eq!(errors.0[0].line, Some(line), "{text}: {errors}");
            assert!(errors.to_string().contains(word), "{text}: {errors}");
        }
        let all = Definition::from_toml("actoin = \"block\"\nname = \"a b\"\ngap_limit = \"x\"\nroutes = [\"journal\"]").unwrap_err();
        assert_eq!(
            all.0.iter().map(|e| e.line).collect::<Vec<_>>(),
            [Some(1), Some(2), Some(3), Some(4)]
        );
    }

    #[test]
    fn what_can_fit_nobody_is_a_mistake() {
        for (key, entries) in [
            (
                "recipients",
                &[
                    " a@x.example",
                    "a@x.example ",
                    "*@x.example",
                    "a",
                    "x.example",
                    "A <a@x.example>",
                    "",
                ][..],
            ),
            (
                "domains",
                &[
                    "*.x.example",
                    ".x.example",
                    "x.example.",
                    "x example",
                    "@x.example",
                    "a@x.example",
                    "",
                ],
            ),
            ("tenants", &["", "a b", "acme ", "*", "../x", ".a"]),
        ] {
            for entry in entries {
                let text = format!(
                    "name = \"n\"\n{key} = [\n  \"{}\",\n  {entry:?},\n]\n",
                    if key == "recipients" { "a@b" } else { "b" }
                );
                let errors = Definition::from_toml(&text).unwrap_err();
                assert_eq!((errors.0.len(), errors.0[0].line), (1, Some(4)), "{errors}");
                assert!(
                    errors.0[0].message.starts_with(&format!("{key}: {entry:?} can fit nobody: write ")),
                    "{errors}"
                );
            }
        }
        let good = "tenants = [\"acme\"]\nrecipients = [\"Ann+x@X.example\"]\ndomains = [\"x.example\", \"localhost\"]";
        assert!(Definition::from_toml(good).is_ok());
    }

    #[test]
    fn only_the_sandbox_fits_journal_and_outbound() {
        for action in [Action::Block, Action::Warn, Action::Sandbox] {
            let definition = Definition {
                action,
                ..Definition::default()
            };
            assert!(definition.fits(Route::Inbound).is_ok());
            assert_eq!(definition.fits(Route::Journal).is_ok(), action == Action::Sandbox);
            assert_eq!(definition.fits(Route::Outbound).is_ok(), action == Action::Sandbox);
        }
    }

    #[test]
    fn every_setting_changes_the_digest() {
        let default = Definition::default();
        assert_eq!(digest(&default), digest(&Definition::from_toml("# nothing").unwrap()));
        assert!(digest(&default).starts_with("default@"));
        for text in [
            "name = \"b\"",
            "description = \"b\"",
            "priority = 1",
            "tenants = [\"b\"]",
            "recipients = [\"b@b\"]",
            "groups = [\"b\"]",
            "domains = [\"b\"]",
            "routes = [\"inbound\", \"inbound\"]",
            "url_file_download = false",
            "trigger = \"file_detected\"",
            "action = \"warn\"",
            "unsafe_link_action = \"warn\"",
            "unchecked = \"warn\"",
            "page_gap_password = \"block\"",
            "page_gap_limit = \"warn\"",
            "page_gap_damaged = \"warn\"",
            "page_gap_unsupported = \"warn\"",
            "other_types = \"pass\"",
            "gap_password = \"warn\"",
            "gap_limit = \"warn\"",
            "gap_damaged = \"block\"",
            "gap_unsupported = \"sandbox\"",
            "on_sandbox_timeout = \"warn\"",
        ] {
            assert_ne!(digest(&Definition::from_toml(text).unwrap()), digest(&default), "{text}");
        }
    }
}
