//! Reads configuration text against the defaults: unknown keys, wrong types and wrong units are all named at once, with line numbers.

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::config::{Config, ConfigError};

/// The configuration that `text` (from the file `name`) and the `AIRLOCK_*` variables make together.
///
/// # Errors
/// Every mistake, one line each.
pub fn read(name: &str, text: &str, variables: &[(String, String)]) -> Result<Config, ConfigError> {
    let fault = |message: String| ConfigError(vec![message]);
    let known = Table::try_from(Config::default()).map_err(|e| fault(e.to_string()))?;
    let parsed = DeTable::parse(text).map_err(|e| fault(format!("{name}: {}", e.to_string().trim_end())))?;
    let mut faults = Vec::new();
    compare("", parsed.get_ref(), &known, text, name, &mut faults);
    let mut table: Table = toml::from_str(text).map_err(|e| fault(format!("{name}: {e}")))?;
    for (variable, value) in variables {
        if let Err(message) = apply(&mut table, &known, variable, value) {
            faults.push(message);
        }
    }
    if !faults.is_empty() {
        return Err(ConfigError(faults));
    }
    table
        .try_into()
        .map_err(|e: toml::de::Error| fault(format!("{name}: {}", e.to_string().trim_end())))
}

fn compare(prefix: &str, found: &DeTable<'_>, known: &Table, text: &str, name: &str, faults: &mut Vec<String>) {
    for (key, value) in found {
        let line = line_of(text, key.span().start);
        let path = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        let Some(expected) = known.get(key.get_ref().as_ref()) else {
            faults.push(format!("{name}:{line}: unknown key {path}{}", advice(key.get_ref(), known)));
            continue;
        };
        match (value.get_ref(), expected) {
            (DeValue::Table(inner), Value::Table(known)) => compare(&path, inner, known, text, name, faults),
            (got, expected) if kind(got) != expected.type_str() => {
                faults.push(format!("{name}:{line}: {path} must be {}, not {}", expected.type_str(), kind(got)));
            }
            _ => {}
        }
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
fn apply(table: &mut Table, known: &Table, variable: &str, value: &str) -> Result<(), String> {
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
    let entry = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = entry {
        section.insert(key, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_named_at_once_with_their_lines() {
        let text = "[jail]\nlevl = \"seccomp\"\n\n[fetch]\nconnect_timeout = 5\nmax_redirects = \"ten\"\n[nowhere]\n";
        let error = read("a.toml", text, &[("AIRLOCK_SCAN_DEPTH".into(), "3".into())])
            .unwrap_err()
            .0
            .join("\n");
        for part in [
            "a.toml:2: unknown key jail.levl",
            "a.toml:5: unknown key fetch.connect_timeout (did you mean connect_timeout_ms?)",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(
            error.contains("a.toml:6: fetch.max_redirects must be integer, not string"),
            "{error}"
        );
        assert!(
            error.contains("a.toml:7: unknown key nowhere") && error.contains("AIRLOCK_SCAN_DEPTH"),
            "{error}"
        );
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let vars = [
            ("AIRLOCK_JAIL_LEVEL".to_owned(), "seccomp".to_owned()),
            ("AIRLOCK_FETCH_PORTS".to_owned(), "80, 81".to_owned()),
        ];
        let config = read("a.toml", "[jail]\nlevel = \"landlock+seccomp\"\n", &vars).unwrap();
        assert_eq!(config.jail.level, "seccomp");
        assert_eq!(config.fetch.ports, [80, 81]);
    }
}
