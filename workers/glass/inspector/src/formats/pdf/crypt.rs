//! Decryption with the standard security handler (ISO 32000-2 section 7.6): our objects, the keys and ciphers of `lopdf`.
//!
//! `lopdf` is given the encryption dictionary alone and one object at a time, so that damage elsewhere in the file cannot stop it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, EncryptionState, Object, Stream, StringFormat};

use super::scan::Scan;
use super::value::{Dict, Value, get};

/// Number under which `lopdf` is told of the encryption dictionary.
const PLACE: (u32, u16) = (1, 0);

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

/// The encryption dictionary, and the number of its object, when the file has one.
pub fn dictionary(scan: &Scan) -> Option<(Dict, Option<u32>)> {
    scan.trailers.iter().rev().find_map(|trailer| match get(trailer, b"Encrypt")? {
        Value::Dict(dict) => Some((dict.clone(), None)),
        Value::Ref(number) => {
            let body = scan
                .objects
                .iter()
                .rev()
                .find(|o| o.number == *number && o.value.dict().is_some())?;
            Some((body.value.dict()?.clone(), Some(*number)))
        }
        _ => None,
    })
}

/// Tries the passwords in order.
///
/// # Errors
/// [`Locked`] when none opens the file or its handler is not the standard one.
pub fn open(scan: &Scan, dict: &Dict, passwords: &[String]) -> Result<Keys, Locked> {
    if get(dict, b"Filter").and_then(Value::name) != Some(b"Standard") {
        return Err(Locked::Handler);
    }
    let mut document = Document::new();
    let id = scan.trailers.iter().rev().find_map(|t| match get(t, b"ID") {
        Some(id @ Value::Array(_)) => Some(convert(scan, id, 0)),
        _ => None,
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
