//! Tests of `lexer`.

use super::*;
use crate::formats::pdf::value::get;

fn read(text: &[u8]) -> (Value, bool) {
    let mut values = 1000;
    let mut lexer = Lexer::new(text, 0, &mut values);
    let value = lexer.value();
    (value, lexer.broken)
}

#[test]
fn names_and_strings_are_decoded() {
    let (value, broken) = read(b"<</J#61vaScript(a\\(b\\)\\101\\\r\nc(d))/H<4 1 4>/R 12 0 R/A[1 2.5 true null/A#20B]>>");
    let dict = value.dict().unwrap();
    assert!(!broken);
    assert_eq!(get(dict, b"JavaScript").unwrap().text().unwrap(), b"a(b)Ac(d)");
    assert!(dict[0].0.escaped);
    assert_eq!(get(dict, b"H").unwrap().text().unwrap(), b"A@");
    assert_eq!(get(dict, b"R"), Some(&Value::Ref(12)));
    let Value::Array(array) = get(dict, b"A").unwrap() else { panic!() };
    let Value::Name(name) = &array[4] else { panic!() };
    assert_eq!((&*name.bytes, name.escaped), (&b"A B"[..], false));
}

#[test]
fn a_broken_object_keeps_what_was_read() {
    let (value, broken) = read(b"<</A 1/B [2 (x) endobj");
    assert!(broken);
    assert_eq!(get(value.dict().unwrap(), b"A"), Some(&Value::Int(1)));
}

#[test]
fn nesting_is_bounded() {
    let (_, broken) = read("[".repeat(100_000).as_bytes());
    assert!(broken);
    let (_, broken) = read("<</A".repeat(100_000).as_bytes());
    assert!(broken);
}
