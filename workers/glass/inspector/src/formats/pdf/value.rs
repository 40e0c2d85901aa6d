//! PDF objects as the lexer gives them (ISO 32000-2 section 7.3).

/// A name, with its `#xx` escapes decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The decoded bytes.
    pub bytes: Box<[u8]>,
    /// True when an escape stood for a letter or digit, which never needs one.
    pub escaped: bool,
}

/// A dictionary in file order, with repeated keys kept.
pub type Dict = Vec<(Name, Value)>;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`, and keywords that mean nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer; saturates.
    Int(i64),
    /// A number with a fraction, as its whole part; saturates.
    Real(i64),
    /// A name.
    Name(Name),
    /// A literal or hexadecimal string, decoded.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A dictionary.
    Dict(Dict),
    /// A reference to an object number.
    Ref(u32),
}

impl Value {
    /// The dictionary.
    pub fn dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The name's bytes.
    pub fn name(&self) -> Option<&[u8]> {
        match self {
            Value::Name(name) => Some(&name.bytes),
            _ => None,
        }
    }

    /// The integer.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The number, without its fraction: readers take one where only an integer may stand.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Value::Int(n) | Value::Real(n) => Some(*n),
            _ => None,
        }
    }

    /// The string's bytes.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The value of a key: the last one when it is repeated, as most readers take it.
pub fn get<'d>(dict: &'d Dict, key: &[u8]) -> Option<&'d Value> {
    all(dict, key).next_back()
}

/// Every value of a key, in file order.
pub fn all<'d>(dict: &'d Dict, key: &[u8]) -> impl DoubleEndedIterator<Item = &'d Value> {
    dict.iter().filter(move |(name, _)| &*name.bytes == key).map(|(_, value)| value)
}

/// The dictionary as a reader takes it that keeps the first of repeated keys; `None` when none of these is repeated in it.
pub fn first_wins(dict: &Dict, keys: &[&[u8]]) -> Option<Dict> {
    let nested = |key: &&[u8]| get(dict, key).and_then(Value::dict).is_some_and(repeats);
    let differs = keys.iter().any(|key| all(dict, key).count() > 1 || nested(key));
    differs.then(|| reversed(dict))
}

fn repeats(dict: &Dict) -> bool {
    dict.iter().any(|(name, _)| all(dict, &name.bytes).nth(1).is_some())
}

fn reversed(dict: &Dict) -> Dict {
    let turned = |value: &Value| match value {
        Value::Dict(inner) => Value::Dict(inner.iter().rev().cloned().collect()),
        other => other.clone(),
    };
    dict.iter().rev().map(|(name, value)| (name.clone(), turned(value))).collect()
}

/// True when the key's value is this name.
pub fn is_name(dict: &Dict, key: &[u8], name: &[u8]) -> bool {
    get(dict, key).and_then(Value::name) == Some(name)
}
