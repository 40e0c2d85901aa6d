//! Lines that go on in the next one: RFC 5545 (calendars) and RFC 6350 (cards) fold them, scripts end them with a backslash.

/// The text with its lines joined; `None` when none of them goes on.
pub fn unfold(text: &str) -> Option<String> {
    let head = text
        .trim_start_matches(['\u{feff}', '\r', '\n', ' '])
        .get(..15)
        .unwrap_or_default()
        .to_ascii_uppercase();
    if head.starts_with("BEGIN:VCALENDAR") || head.starts_with("BEGIN:VCARD") {
        // The lines that are left end a value, whatever stands in the next one.
        return Some(without(text, &["\r\n ", "\r\n\t", "\n ", "\n\t"]).replace('\n', " \n"));
    }
    // A literal that is cut in pieces: long enough ones are looked for in the joined text.
    let has = |word: &[u8]| memchr::memmem::find(text.as_bytes(), word).is_some();
    (has(b"\\\n") || has(b"\\\r\n")).then(|| without(text, &["\\\r\n", "\\\n"]))
}

fn without(text: &str, breaks: &[&str]) -> String {
    breaks.iter().fold(text.to_owned(), |text, word| {
        if memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some() {
            text.replace(word, "")
        } else {
            text
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_where_they_go_on() {
        assert_eq!(
            unfold("BEGIN:VCALENDAR\r\nA:b\r\n c\r\n\td").as_deref(),
            Some("BEGIN:VCALENDAR\r \nA:bcd")
        );
        assert_eq!(unfold("x = 'ab\\\ncd'").as_deref(), Some("x = 'abcd'"));
        assert_eq!(unfold("a\n b"), None);
    }
}
