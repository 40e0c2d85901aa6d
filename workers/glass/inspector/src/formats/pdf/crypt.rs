//! Decryption with the standard security handler (ISO 32000-2 section 7.6): our objects, the keys and ciphers of `lopdf`.
//!
//! `lopdf` is given the encryption dictionary alone and one object at a time, so that damage elsewhere in the file cannot stop it.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, EncryptionState, Object, Stream, StringFormat};

use super::scan::Scan;
use super::value::{Dict, Value, get};

/// Number under which `lopdf` is told of the encryption dictionary.
const PLACE: (u32, u16) = (1, 0);

/// Encryption dictionaries that are tried beside the one that readers take.
const MAX_OTHERS: usize = 4;

/// Why an encrypted file stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// No password that we have opens it.
    Password,
    /// Its handler or its dictionary is not one that we know.
    Handler,
}

/// The keys of an opened file.
pub struct Keys {
    state: EncryptionState,
    /// The password that opened it.
    pub password: String,
}

/// An encryption dictionary, as a trailer names it.
#[derive(Debug, Clone)]
pub struct Encryption {
    dict: Dict,
    /// The number of its object, whose strings stay as they are.
    pub number: Option<u32>,
    /// The identifier beside it.
    id: Option<Value>,
}

impl Encryption {
    /// Whether it says how it is encrypted, which every such dictionary has to.
    pub fn has_handler(&self) -> bool {
        get(&self.dict, b"Filter").is_some()
    }

    /// Whether it makes the same keys.
    fn is(&self, other: &Self) -> bool {
        let (own, others) = (identifier(self.id.as_ref()), identifier(other.id.as_ref()));
        self.dict == other.dict && (own.is_none() || others.is_none() || own == others)
    }
}

/// How a document is encrypted.
#[derive(Debug, Default)]
pub struct Choices {
    /// As the trailer has it from which readers start; the first that opens counts. Empty for what stands in clear.
    pub first: Vec<Encryption>,
    /// As others have it, which readers take that repair the file, or that start elsewhere.
    pub others: Vec<Encryption>,
    /// True when it may be in clear for all that, because nothing leads to the trailer.
    pub unsure: bool,
    /// True when there are more than are tried.
    pub more: bool,
}

/// Every encryption that a trailer names (section 7.5.5).
pub fn choices(scan: &Scan, live: Option<&Dict>) -> Choices {
    let bodies = Bodies::of(scan);
    let clear = |trailer: &&Dict| get(trailer, b"Encrypt").is_none_or(|v| *v == Value::Null);
    let sure = live.filter(|trailer| clear(trailer) || !bodies.named(trailer).is_empty());
    let first = sure.or_else(|| scan.trailers.iter().rev().find(|trailer| !bodies.named(trailer).is_empty()));
    let mut choices = Choices {
        first: first.map(|trailer| bodies.named(trailer)).unwrap_or_default(),
        ..Choices::default()
    };
    choices.unsure = sure.is_none() && !choices.first.is_empty();
    // Of very many trailers that all say the same one is looked at.
    let mut seen = HashSet::new();
    for trailer in scan.trailers.iter().rev() {
        if let Some(Value::Ref(number)) = get(trailer, b"Encrypt")
            && !seen.insert((*number, identifier(get(trailer, b"ID"))))
        {
            continue;
        }
        for encryption in bodies.named(trailer) {
            if choices.others.iter().chain(&choices.first).any(|known| known.is(&encryption)) {
                continue;
            }
            if choices.others.len() == MAX_OTHERS {
                choices.more = true;
                return choices;
            }
            choices.others.push(encryption);
        }
    }
    choices
}

/// Objects that may be encryption dictionaries.
struct Bodies<'s> {
    scan: &'s Scan,
    /// Indices of some of the newest bodies, by the number that a trailer names.
    numbers: HashMap<u32, Vec<usize>>,
}

impl<'s> Bodies<'s> {
    fn of(scan: &'s Scan) -> Self {
        let named = scan.trailers.iter().filter_map(|trailer| match get(trailer, b"Encrypt") {
            Some(Value::Ref(number)) => Some((*number, Vec::new())),
            _ => None,
        });
        let mut numbers: HashMap<u32, Vec<usize>> = named.collect();
        for (index, object) in scan.objects.iter().enumerate().rev() {
            if let Some(bodies) = numbers.get_mut(&object.number).filter(|bodies| bodies.len() < MAX_OTHERS)
                && object.value.dict().is_some()
            {
                bodies.push(index);
            }
        }
        Bodies { scan, numbers }
    }

    /// The encryption dictionaries that a trailer may mean, the newest body first.
    fn named(&self, trailer: &Dict) -> Vec<Encryption> {
        let with = |dict: &Dict, number| Encryption {
            dict: dict.clone(),
            number,
            id: get(trailer, b"ID").cloned(),
        };
        match get(trailer, b"Encrypt") {
            Some(Value::Dict(dict)) => vec![with(dict, None)],
            Some(Value::Ref(number)) => {
                let bodies = self.numbers.get(number).into_iter().flatten();
                let dicts = bodies.filter_map(|index| self.scan.objects.get(*index)?.value.dict());
                dicts.map(|dict| with(dict, Some(*number))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The part of an identifier that goes into the keys.
fn identifier(id: Option<&Value>) -> Option<Vec<u8>> {
    match id {
        Some(Value::Array(parts)) => parts.first().and_then(Value::text).map(<[u8]>::to_vec),
        _ => None,
    }
}

/// Tries the passwords on each; the keys and the number of the dictionary's object of the first that opens.
///
/// # Errors
/// [`Locked`] as the first of them is.
pub fn open_first(scan: &Scan, first: &[Encryption], passwords: &[String]) -> Result<Option<(Keys, Option<u32>)>, Locked> {
    let mut locked = None;
    for encryption in first {
        match open(scan, encryption, passwords) {
            Ok(keys) => return Ok(Some((keys, encryption.number))),
            Err(why) => locked = locked.or(Some(why)),
        }
    }
    locked.map_or(Ok(None), Err)
}

/// Tries the passwords in order.
///
/// # Errors
/// [`Locked`] when none opens the file or its handler is not the standard one.
pub fn open(scan: &Scan, encryption: &Encryption, passwords: &[String]) -> Result<Keys, Locked> {
    let dict = &encryption.dict;
    if get(dict, b"Filter").and_then(Value::name) != Some(b"Standard") {
        return Err(Locked::Handler);
    }
    let mut document = Document::new();
    // The identifier beside it; where there is none, that of another trailer.
    let own = encryption.id.as_ref().map(|id| convert(scan, id, 0));
    let id = own.filter(|id| matches!(id, Object::Array(_))).or_else(|| {
        scan.trailers.iter().rev().find_map(|t| match get(t, b"ID") {
            Some(id @ Value::Array(_)) => Some(convert(scan, id, 0)),
            _ => None,
        })
    });
    // Writers leave the identifier away; readers then take an empty one.
    let id = id.unwrap_or_else(|| Object::Array(vec![Object::String(Vec::new(), StringFormat::Literal)]));
    document.trailer.set("ID", id);
    document.trailer.set("Encrypt", Object::Reference(PLACE));
    let mut encrypt = Dictionary::new();
    for (name, value) in dict {
        encrypt.set(name.bytes.to_vec(), convert(scan, value, 0));
    }
    document.objects.insert(PLACE, Object::Dictionary(encrypt));
    let mut known = false;
    for password in passwords {
        let mut attempt = document.clone();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let opened = attempt.decrypt(password);
            (opened, attempt.encryption_state)
        }));
        match outcome {
            Ok((Ok(()), Some(state))) => {
                return Ok(Keys {
                    state,
                    password: password.clone(),
                });
            }
            Ok((Err(lopdf::Error::Decryption(lopdf::encryption::DecryptionError::IncorrectPassword)), _)) => known = true,
            _ => {}
        }
    }
    Err(if known { Locked::Password } else { Locked::Handler })
}

impl Keys {
    /// Decrypts the strings of an object in place.
    pub fn strings(&self, number: u32, generation: u32, value: &mut Value) {
        match value {
            Value::Text(text) => {
                let mut object = Object::String(std::mem::take(text), StringFormat::Literal);
                self.decrypt(number, generation, &mut object);
                if let Object::String(clear, _) = object {
                    *text = clear;
                }
            }
            Value::Array(array) => array.iter_mut().for_each(|v| self.strings(number, generation, v)),
            Value::Dict(dict) => {
                let signature = get(dict, b"ByteRange").is_some();
                for (name, value) in dict {
                    // The bytes of a signature are not encrypted (7.6.2).
                    if !(signature && &*name.bytes == b"Contents") {
                        self.strings(number, generation, value);
                    }
                }
            }
            _ => {}
        }
    }

    /// Decrypts the data of a stream; `None` when that fails.
    pub fn stream(&self, number: u32, generation: u32, dict: &Dict, data: &[u8]) -> Option<Vec<u8>> {
        let mut kept = Dictionary::new();
        for key in [&b"Type"[..], b"Filter", b"DecodeParms"] {
            if let Some(value) = get(dict, key) {
                kept.set(key.to_vec(), plain(value, 0));
            }
        }
        let mut object = Object::Stream(Stream::new(kept, data.to_vec()));
        let ok = self.decrypt(number, generation, &mut object);
        match object {
            Object::Stream(stream) if ok => Some(stream.content),
            _ => None,
        }
    }

    fn decrypt(&self, number: u32, generation: u32, object: &mut Object) -> bool {
        let id = (number, u16::try_from(generation).unwrap_or_default());
        matches!(
            catch_unwind(AssertUnwindSafe(|| lopdf::encryption::decrypt_object(&self.state, id, object))),
            Ok(Ok(()))
        )
    }
}

/// Our value as theirs, references followed.
fn convert(scan: &Scan, value: &Value, depth: u32) -> Object {
    match value {
        Value::Ref(number) if depth < 8 => scan
            .objects
            .iter()
            .rev()
            .find(|o| o.number == *number)
            .map_or(Object::Null, |o| convert(scan, &o.value, depth.saturating_add(1))),
        Value::Array(array) if depth < 8 => Object::Array(array.iter().map(|v| convert(scan, v, depth.saturating_add(1))).collect()),
        Value::Dict(dict) if depth < 8 => {
            let mut out = Dictionary::new();
            for (name, value) in dict {
                out.set(name.bytes.to_vec(), convert(scan, value, depth.saturating_add(1)));
            }
            Object::Dictionary(out)
        }
        other => plain(other, depth),
    }
}

fn plain(value: &Value, depth: u32) -> Object {
    match value {
        Value::Bool(b) => Object::Boolean(*b),
        Value::Int(n) => Object::Integer(*n),
        Value::Name(name) => Object::Name(name.bytes.to_vec()),
        Value::Text(text) => Object::String(text.clone(), StringFormat::Literal),
        Value::Array(array) if depth < 8 => Object::Array(array.iter().map(|v| plain(v, depth.saturating_add(1))).collect()),
        Value::Dict(dict) if depth < 8 => {
            let mut out = Dictionary::new();
            for (name, value) in dict {
                out.set(name.bytes.to_vec(), plain(value, depth.saturating_add(1)));
            }
            Object::Dictionary(out)
        }
        _ => Object::Null,
    }
}
