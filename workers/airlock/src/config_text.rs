//! Reads configuration text against the defaults: unknown keys, wrong types and wrong units are all named at once, with line numbers.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::config::{Check, Config, ConfigError};

/// The configuration that `text` (from the file `name`) and the `AIRLOCK_*` variables make together, once `check` has nothing against it.
///
/// # Errors
/// Every mistake, one line each, in the order of the file and then of the variables.
pub fn read(name: &str, text: &str, variables: &[(String, String)], check: Check) -> Result<Config, ConfigError> {
    let fault = |message: String| ConfigError(vec![message]);
    let known = Table::try_from(Config::default()).map_err(|e| fault(e.to_string()))?;
    let parsed = DeTable::parse(text).map_err(|e| fault(format!("{name}: {}", e.to_string().trim_end())))?;
    let whole: Table = toml::from_str(text).map_err(|e| fault(format!("{name}: {e}")))?;
    let mut reader = Reader {
        text,
        name,
        faults: Vec::new(),
        settings: Vec::new(),
    };
    reader.sections(parsed.get_ref(), &whole, &known);
    for (variable, value) in variables {
        match from_variable(&known, variable, value) {
            Ok(setting) => reader.settings.push(setting),
            Err(message) => reader.faults.push((usize::MAX, message)),
        }
    }
    reader.finish(check)
}

/// One value that was set, and where.
struct Setting {
    section: String,
    key: String,
    value: Value,
    /// Line in the file, from 1; `usize::MAX` for a variable.
    line: usize,
    /// Lines of the items of a list.
    items: Vec<usize>,
    /// The variable that set it.
    variable: Option<String>,
}

impl Setting {
    fn path(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    fn origin(&self, name: &str, line: usize) -> String {
        match &self.variable {
            Some(variable) => format!("environment variable {variable}"),
            None => format!("{name}:{line}"),
        }
    }

    /// What is wrong with the value, tried with nothing beside it: the line it is on, and why.
    fn fault(&self) -> Option<(usize, String)> {
        let why = self.alone(self.value.clone()).err()?;
        let items = self.value.as_array().into_iter().flatten();
        for (place, item) in items.enumerate() {
            if let Err(why) = self.alone(Value::Array(vec![item.clone()])) {
                let line = self.items.get(place).copied().unwrap_or(self.line);
                return Some((line, format!("{item}: {why}")));
            }
        }
        Some((self.line, why))
    }

    fn alone(&self, value: Value) -> Result<(), String> {
        let section = Table::from_iter([(self.key.clone(), value)]);
        let table = Table::from_iter([(self.section.clone(), Value::Table(section))]);
        let read: Result<Config, toml::de::Error> = table.try_into();
        read.map(drop).map_err(|e| e.message().trim().replace('\n', ", "))
    }
}

struct Reader<'t> {
    text: &'t str,
    name: &'t str,
    /// Each with its line, so that they can be told in order.
    faults: Vec<(usize, String)>,
    settings: Vec<Setting>,
}

impl Reader<'_> {
    fn sections(&mut self, found: &DeTable<'_>, whole: &Table, known: &Table) {
        for (section, value) in found {
            let line = line_of(self.text, section.span().start);
            let section = section.get_ref().as_ref();
            match (value.get_ref(), known.get(section), whole.get(section)) {
                (DeValue::Table(inner), Some(Value::Table(known)), Some(Value::Table(values))) => {
                    self.keys(section, inner, values, known);
                }
                (_, None, _) => self.fault(line, &format!("unknown key {section}{}", advice(section, known))),
                (other, ..) => {
                    let kind = kind(other);
                    self.fault(line, &format!("{section} must be a section, [{section}], not {kind}"));
                }
            }
        }
    }

    fn keys(&mut self, section: &str, found: &DeTable<'_>, values: &Table, known: &Table) {
        for (key, value) in found {
            let line = line_of(self.text, key.span().start);
            let key = key.get_ref().as_ref();
            let (Some(expected), Some(whole)) = (known.get(key), values.get(key)) else {
                self.fault(line, &format!("unknown key {section}.{key}{}", advice(key, known)));
                continue;
            };
            let got = kind(value.get_ref());
            let whole_number = got == "integer" && expected.type_str() == "float";
            if got != expected.type_str() && !whole_number {
                let expected = expected.type_str();
                self.fault(line, &format!("{section}.{key} must be {expected}, not {got}"));
                continue;
            }
            let items = match value.get_ref() {
                DeValue::Array(items) => items.iter().map(|item| line_of(self.text, item.span().start)).collect(),
                _ => Vec::new(),
            };
            self.settings.push(Setting {
                section: section.to_owned(),
                key: key.to_owned(),
                value: whole.clone(),
                line,
                items,
                variable: None,
            });
        }
    }

    fn fault(&mut self, line: usize, message: &str) {
        self.faults.push((line, format!("{}:{line}: {message}", self.name)));
    }

    /// Values that can be read are put together, whatever is wrong with others, so that their ranges are checked in the same run.
    fn finish(mut self, check: Check) -> Result<Config, ConfigError> {
        let mut table = Table::new();
        let mut origins = BTreeMap::new();
        for setting in &self.settings {
            if let Some((line, why)) = setting.fault() {
                let origin = setting.origin(self.name, line);
                self.faults.push((line, format!("{origin}: {}: {why}", setting.path())));
                continue;
            }
            origins.insert(setting.path(), (setting.line, setting.origin(self.name, setting.line)));
            let section = table.entry(setting.section.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(setting.key.clone(), setting.value.clone());
            }
        }
        let config: Config = table.try_into().map_err(|e: toml::de::Error| ConfigError(vec![e.to_string()]))?;
        for (path, message) in check(&config) {
            match origins.get(path) {
                Some((line, origin)) => self.faults.push((*line, format!("{origin}: {message}"))),
                None => self.faults.push((usize::MAX, message)),
            }
        }
        if self.faults.is_empty() {
            return Ok(config);
        }
        self.faults.sort();
        Err(ConfigError(self.faults.into_iter().map(|(_, message)| message).collect()))
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "float",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "datetime",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "table",
    }
}

/// Names the known key that was probably meant: the same word with its unit, or one that is two letters away at most.
fn advice(key: &str, known: &Table) -> String {
    let near = known
        .keys()
        .find(|k| k.starts_with(key) || key.starts_with(k.as_str()) || distance(k, key) <= 2);
    match near {
        Some(k) => format!(" (did you mean {k}?)"),
        None => format!(" (known here: {})", known.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// Edits between two words (Levenshtein), one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let best = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}

/// `AIRLOCK_JAIL_LEVEL=seccomp` sets `jail.level`. Text stands as it is, lists are separated by commas.
fn from_variable(known: &Table, variable: &str, value: &str) -> Result<Setting, String> {
    let rest = variable.trim_start_matches("AIRLOCK_").to_lowercase();
    let section = known.keys().find(|s| rest.starts_with(&format!("{s}_")));
    let found = section.and_then(|section| {
        let key = rest.get(section.len() + 1..)?;
        let expected = known.get(section)?.as_table()?.get(key)?;
        Some((section, key.to_owned(), expected))
    });
    let Some((section, key, expected)) = found else {
        return Err(format!(
            "environment variable {variable}: no such setting; `airlock config show` lists them all"
        ));
    };
    let wrong = |what: &str| format!("environment variable {variable} = {value:?}: must be {what}");
    let value = match expected {
        Value::Integer(_) => Value::Integer(value.parse().map_err(|_| wrong("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(value.parse().map_err(|_| wrong("true or false"))?),
        Value::Array(have) => {
            let numbers = matches!(have.first(), Some(Value::Integer(_)));
            let items = value.split(',').map(str::trim).filter(|w| !w.is_empty());
            let items: Result<Vec<Value>, String> = items
                .map(|w| {
                    if numbers {
                        w.parse().map(Value::Integer).map_err(|_| wrong("whole numbers"))
                    } else {
                        Ok(Value::String(w.to_owned()))
                    }
                })
                .collect();
            Value::Array(items?)
        }
        _ => Value::String(value.to_owned()),
    };
    Ok(Setting {
        section: section.clone(),
        key,
        value,
        line: usize::MAX,
        items: Vec::new(),
        variable: Some(variable.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check;

    #[test]
    fn all_mistakes_are_named_at_once_with_their_lines() {
        let text = "[jail]\nlevl = \"seccomp\"\nlevel = \"none\"\n[fetch]\nconnect_timeout = 5\nmax_redirects = \"ten\"\nallow_addresses = [\n\"10.0.0.0/8\",\n\"10.0.0/8\"]\nports = [80, 99999]\n[scan]\nmax_depth = 99\n[nowhere]\n";
        let variables = [
            ("AIRLOCK_SCAN_DEPTH".into(), "3".into()),
            ("AIRLOCK_FETCH_DENY_ADDRESSES".into(), "10.0.0.1/8".into()),
            ("AIRLOCK_SCAN_DEADLINE_MS".into(), "1".into()),
        ];
        let faults = read("a.toml", text, &variables, check).unwrap_err().0;
        let begins = [
            "a.toml:2: unknown key jail.levl",
            "a.toml:3: jail.level = \"none\"",
            "a.toml:5: unknown key fetch.connect_timeout (did you mean connect_timeout_ms?)",
            "a.toml:6: fetch.max_redirects must be integer, not string",
            "a.toml:9: fetch.allow_addresses: \"10.0.0/8\": ",
            "a.toml:10: fetch.ports: 99999: ",
            "a.toml:12: scan.max_depth = 99: ",
            "a.toml:13: unknown key nowhere",
            "environment variable AIRLOCK_FETCH_DENY_ADDRESSES: fetch.deny_addresses: 10.0.0.1/8 has bits",
            "environment variable AIRLOCK_SCAN_DEADLINE_MS: scan.deadline_ms = 1: ",
            "environment variable AIRLOCK_SCAN_DEPTH: no such setting",
        ];
        assert_eq!(faults.len(), begins.len(), "{faults:#?}");
        for (fault, begin) in faults.iter().zip(begins) {
            assert!(fault.starts_with(begin), "{fault} / {begin}");
        }
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let vars = [
            ("AIRLOCK_JAIL_LEVEL".to_owned(), "seccomp".to_owned()),
            ("AIRLOCK_FETCH_PORTS".to_owned(), "80, 81".to_owned()),
        ];
        let config = read("a.toml", "[jail]\nlevel = \"landlock+seccomp\"\n", &vars, check).unwrap();
        assert_eq!(config.jail.level, "seccomp");
        assert_eq!(config.fetch.ports, [80, 81]);
    }
}
