//! Tests of `scan`.

use super::super::value::get;
use super::*;

fn found(text: &[u8]) -> Scan {
    scan(text, 0, &|| false)
}

#[test]
fn a_stream_ends_where_its_length_says_when_that_fits() {
    let s = found(b"%PDF-1.4\n1 0 obj<</Length 2 0 R>>stream\na endstream 9 0 obj b\nendstream endobj 2 0 obj 21 endobj");
    assert_eq!(s.objects.len(), 2);
    assert_eq!(s.objects[0].stream.clone().unwrap().len(), 21);
    assert!(s.objects[0].length_lies.is_none());
}

#[test]
fn a_wrong_length_is_recovered_from() {
    let s = found(b"1 0 obj<</Length 99>>stream\r\nabc\r\nendstream\nendobj\n2 0 obj<</Length 1>>stream\nxyz");
    assert_eq!((s.objects[0].stream.clone().unwrap().len(), s.objects[0].line_end), (5, 2));
    assert_eq!(s.objects[0].length_lies, Some(99));
    assert_eq!(s.objects[1].stream.clone().unwrap().len(), 3);
}

#[test]
fn a_length_that_names_itself_is_no_loop() {
    let s = found(b"1 0 obj<</Length 1 0 R>>stream\nabc\nendstream endobj");
    assert!(s.length_loop);
    assert_eq!((s.objects[0].stream.clone().unwrap().len(), s.objects[0].line_end), (4, 1));
}

#[test]
fn a_string_may_hold_the_words_that_end_objects() {
    let s = found(b"1 0 obj<</JS(a endobj 2 0 obj b)/X/Y>>endobj");
    assert!(get(s.objects[0].value.dict().unwrap(), b"X").is_some());
}

#[test]
fn many_unclosed_objects_come_to_an_end() {
    // Were each read to the end of the file, this test would take hours.
    assert!(found(&b"1 0 obj (".repeat(100_000)).objects.len() <= 100_000);
}
