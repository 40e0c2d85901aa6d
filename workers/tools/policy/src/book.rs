//! The book of definitions: one file each, the first that fits a request by priority is in force (REQUIREMENTS B1, A12).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::definition::Definition;
use crate::entry::no_member;
use crate::facts::Route;
use crate::fault::{PolicyError, line_of_entry, line_of_key};
use crate::in_force::{InForce, otherwise};

/// Name of the file that says who belongs to which group: `finance = ["a@example.org", "example.com"]`.
const GROUPS: &str = "groups.toml";

/// All definitions, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    definitions: Vec<Arc<InForce>>,
    groups: BTreeMap<String, Vec<String>>,
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Tenant.
    pub tenant: &'a str,
    /// Mail address; empty when not known.
    pub recipient: &'a str,
    /// Which way the mail went.
    pub route: Route,
}

/// A mistake in a file of the book.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Name of the file.
    pub file: String,
    /// What is wrong.
    pub error: PolicyError,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.error.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.error.message),
            None => write!(f, "{}: {}", self.file, self.error.message),
        }
    }
}

impl Book {
    /// Reads all files: name and text of each.
    ///
    /// # Errors
    /// Every mistake of every file; a book with a mistake is not used at all.
    pub fn read(files: &[(String, String)]) -> Result<Book, Vec<Fault>> {
        let mut book = Book::default();
        let mut faults = Vec::new();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        // Groups that definitions name, with the file that does; `groups.toml` may come behind it.
        let mut wanted: Vec<(String, String)> = Vec::new();
        for (file, text) in files {
            let fault = |line: Option<usize>, message: String| Fault {
                file: file.clone(),
                error: PolicyError { line, message },
            };
            if file == GROUPS {
                match toml::from_str(text) {
                    Ok(groups) => {
                        book.groups = groups;
                        for (group, members) in &book.groups {
                            if members.is_empty() {
                                let message = format!("{group}: has no members and can fit nobody: name some, or take it out");
                                faults.push(fault(line_of_key(text, group), message));
                            }
                            for (place, member) in members.iter().enumerate() {
                                if let Some(way) = no_member(member) {
                                    let message = format!("{group}: {member:?} can fit nobody: {way}");
                                    faults.push(fault(line_of_entry(text, group, place), message));
                                }
                            }
                        }
                    }
                    Err(e) => faults.push(fault(None, e.message().to_owned())),
                }
                continue;
            }
            match Definition::from_toml(text) {
                // Cut off or emptied, a file would be the default for everybody, under a name that nobody gave.
                Ok(_) if !has_name(text) => {
                    faults.push(fault(
                        None,
                        "name is missing: give the definition one, or take the file away".to_owned(),
                    ));
                }
                Ok(definition) => {
                    if let Some(other) = names.insert(definition.name.clone(), file.clone()) {
                        faults.push(fault(
                            None,
                            format!("name {:?} is taken by {other}; give each definition its own", definition.name),
                        ));
                    }
                    for group in &definition.groups {
                        wanted.push((file.clone(), group.clone()));
                    }
                    book.definitions.push(Arc::new(definition.into()));
                }
                Err(errors) => faults.extend(errors.0.into_iter().map(|e| fault(e.line, e.message))),
            }
        }
        for (file, group) in wanted.into_iter().filter(|(_, group)| !book.groups.contains_key(group)) {
            let message = format!("group {group:?} is not in {GROUPS}");
            faults.push(Fault {
                file,
                error: PolicyError { line: None, message },
            });
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        book.definitions.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        Ok(book)
    }

    /// The definition in force for a person; where none fits, the default, which for journal and outbound asks the sandbox.
    pub fn resolve(&self, person: Person<'_>) -> Arc<InForce> {
        let found = self.definitions.iter().find(|d| self.fits(d, person));
        found.cloned().unwrap_or_else(|| otherwise(person.route))
    }

    /// All definitions in the order in which they are asked.
    pub fn definitions(&self) -> &[Arc<InForce>] {
        &self.definitions
    }

    /// Pairs of the same priority that may both fit one person: the first is in force, by nothing but its name.
    pub fn ties(&self) -> Vec<(&Definition, &Definition)> {
        let mut ties = Vec::new();
        for (place, first) in self.definitions.iter().enumerate() {
            let rest = self.definitions.iter().skip(place.saturating_add(1));
            ties.extend(rest.filter(|second| self.meet(first, second)).map(|second| (&***first, &***second)));
        }
        ties
    }

    /// The same, in words.
    pub fn warnings(&self) -> Vec<String> {
        let words = |(first, second): (&Definition, &Definition)| {
            format!(
                "{} and {} have the same priority {} and may fit the same person; {0} is then in force, by its name alone: give them \
                 different priorities",
                first.name, second.name, first.priority
            )
        };
        self.ties().into_iter().map(words).collect()
    }

    fn meet(&self, a: &Definition, b: &Definition) -> bool {
        let tenants = a.tenants.is_empty() || b.tenants.is_empty() || a.tenants.iter().any(|t| b.tenants.contains(t));
        if a.priority != b.priority || !tenants || !a.routes.iter().any(|r| b.routes.contains(r)) {
            return false;
        }
        let (a, b) = (self.entries(a), self.entries(b));
        // No entry at all: everybody.
        a.is_empty() || b.is_empty() || a.iter().any(|x| b.iter().any(|y| covers(x, y) || covers(y, x)))
    }

    /// Addresses and domains that a definition is for.
    fn entries<'a>(&'a self, d: &'a Definition) -> Vec<&'a String> {
        let members = d.groups.iter().filter_map(|g| self.groups.get(g)).flatten();
        d.recipients.iter().chain(&d.domains).chain(members).collect()
    }

    fn fits(&self, d: &Definition, person: Person<'_>) -> bool {
        if !d.routes.contains(&person.route) || !(d.tenants.is_empty() || d.tenants.iter().any(|t| t == person.tenant)) {
            return false;
        }
        if d.recipients.is_empty() && d.groups.is_empty() && d.domains.is_empty() {
            return true;
        }
        let members = d.groups.iter().filter_map(|g| self.groups.get(g)).flatten();
        d.recipients.iter().any(|r| r.eq_ignore_ascii_case(person.recipient))
            || d.domains.iter().any(|domain| within(person.recipient, domain))
            || members
                .into_iter()
                .any(|m| m.eq_ignore_ascii_case(person.recipient) || (!m.contains('@') && within(person.recipient, m)))
    }
}

fn has_name(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("name"))
}

/// Whether an entry, address or domain, is another one or lies in it.
fn covers(outer: &str, inner: &str) -> bool {
    if outer.contains('@') {
        return outer.eq_ignore_ascii_case(inner);
    }
    let host = inner.rsplit_once('@').map_or(inner, |(_, host)| host);
    within(&format!("x@{host}"), outer)
}

/// Whether an address lies in a domain or below it.
fn within(address: &str, domain: &str) -> bool {
    let Some((_, host)) = address.rsplit_once('@') else { return false };
    let (host, domain) = (host.to_ascii_lowercase(), domain.trim_start_matches('@').to_ascii_lowercase());
    host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Action;

    fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
        texts.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect()
    }

    fn person<'a>(tenant: &'a str, recipient: &'a str, route: Route) -> Person<'a> {
        Person { tenant, recipient, route }
    }

    #[test]
    fn the_first_that_fits_by_priority_is_in_force() {
        let book = Book::read(&files(&[
            ("all.toml", "name = \"all\"\naction = \"warn\"\npriority = 90"),
            ("boss.toml", "name = \"boss\"\nrecipients = [\"Boss@x.example\"]\npriority = 1"),
            ("fin.toml", "name = \"fin\"\ngroups = [\"fin\"]\ntenants = [\"acme\"]\npriority = 5"),
            ("dom.toml", "name = \"dom\"\ndomains = [\"x.example\"]\npriority = 6"),
            ("groups.toml", "fin = [\"f@x.example\", \"money.example\"]"),
        ]))
        .unwrap();
        let name = |tenant, who| book.resolve(person(tenant, who, Route::Inbound)).name.clone();
        assert_eq!(name("acme", "boss@X.example"), "boss");
        assert_eq!(name("acme", "f@x.example"), "fin");
        assert_eq!(name("other", "f@x.example"), "dom");
        assert_eq!(name("acme", "a@sub.money.example"), "fin");
        assert_eq!(name("acme", "a@notx.example"), "all");
        assert_eq!(book.resolve(person("acme", "", Route::Journal)).action, Action::Sandbox);
    }

    #[test]
    fn every_mistake_of_every_file_is_named() {
        let faults = Book::read(&files(&[
            ("a.toml", "name = \"a\"\ngroups = [\"nobody\"]"),
            ("b.toml", "name = \"a\""),
            ("c.toml", "name = \"c\"\nroutes = [\"journal\"]\naction = \"warn\"\nactoin = \"x\""),
        ]))
        .unwrap_err();
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 4, "{text:#?}");
        assert!(text[0].starts_with("a.toml: group") && text[1].contains("is taken by a.toml"));
        assert!(
            text[2].starts_with("c.toml:3: route journal") && text[3].starts_with("c.toml:4: actoin"),
            "{text:#?}"
        );
    }

    #[test]
    fn a_group_names_addresses_and_domains() {
        let faults = Book::read(&files(&[(
            "groups.toml",
            "fin = [\"f@x.example\",\n\"*.x.example\"]\nall = [\"x.example\", \" a@x.example\"]",
        )]))
        .unwrap_err();
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 2, "{text:#?}");
        assert!(
            text[0].starts_with("groups.toml:2: fin: \"*.x.example\" can fit nobody"),
            "{text:#?}"
        );
        assert!(
            text[1].starts_with("groups.toml:3: all: \" a@x.example\" can fit nobody"),
            "{text:#?}"
        );
    }

    #[test]
    fn a_file_that_was_cut_off_is_no_definition() {
        for text in ["", "# nothing", "action = \"warn\"\npriority = 1"] {
            let faults = Book::read(&files(&[("a.toml", text), ("b.toml", "name = \"b\"\ngroups = [\"x\"]")])).unwrap_err();
            let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert!(
                text.len() == 2 && text[0].starts_with("a.toml: name is missing") && text[1].starts_with("b.toml: group \"x\""),
                "{text:#?}"
            );
        }
        assert_eq!(Book::read(&[]).unwrap(), Book::default());
    }

    #[test]
    fn what_has_no_members_or_routes_fits_nobody() {
        let faults = Book::read(&files(&[
            ("a.toml", "name = \"a\"\nroutes = []"),
            ("groups.toml", "one = [\"x.example\"]\nfin = []"),
        ]))
        .unwrap_err();
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            text.len() == 2 && text[0].starts_with("a.toml:2: routes: ") && text[1].starts_with("groups.toml:2: fin: "),
            "{text:#?}"
        );
    }

    #[test]
    fn two_of_one_priority_that_fit_one_person_are_told() {
        let book = Book::read(&files(&[
            ("a.toml", "name = \"a\"\ndomains = [\"x.example\"]"),
            ("b.toml", "name = \"b\"\nrecipients = [\"ann@sub.X.example\"]"),
            ("c.toml", "name = \"c\"\ngroups = [\"g\"]"),
            ("d.toml", "name = \"d\"\ndomains = [\"notx.example\"]"),
            ("e.toml", "name = \"e\"\npriority = 7"),
            ("f.toml", "name = \"f\"\npriority = 7\nroutes = [\"journal\"]\naction = \"sandbox\""),
            ("g.toml", "name = \"g\"\npriority = 8\ntenants = [\"acme\"]"),
            ("h.toml", "name = \"h\"\npriority = 8\ntenants = [\"other\"]"),
            ("i.toml", "name = \"i\"\npriority = 8\ntenants = [\"other\", \"acme\"]"),
            ("groups.toml", "g = [\"sub.x.example\", \"m@else.example\"]"),
        ]))
        .unwrap();
        let ties: Vec<(&str, &str)> = book.ties().iter().map(|(a, b)| (a.name.as_str(), b.name.as_str())).collect();
        assert_eq!(ties, [("g", "i"), ("h", "i"), ("a", "b"), ("a", "c"), ("b", "c")]);
    }
}
