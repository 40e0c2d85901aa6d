//! `data:` URLs of style sheets (CSS Values 4, section 4.5; CSS Syntax 3, section 4.3.7): `url(…)` and `@import`.

use memchr::{memchr_iter, memmem};

/// Most URLs of one text.
pub const MOST: usize = 4096;

/// The `data:` URLs that stand in a style sheet, with its escapes undone; one more than [`MOST`] when there are more.
pub fn data_urls(text: &str) -> Vec<String> {
    let call = |at: &usize| {
        text.as_bytes()
            .get(at.saturating_sub(3)..*at)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"url"))
    };
    let calls = memchr_iter(b'(', text.as_bytes()).filter(call).map(|at| at.saturating_add(1));
    let imports = memmem::find_iter(text.as_bytes(), b"@import").map(|at| at.saturating_add(7));
    let mut found = Vec::new();
    let (mut from, mut unclosed) = (0_usize, Vec::new());
    for at in calls.chain(imports) {
        let Some(rest) = text.get(at..).map(str::trim_start).filter(|_| at >= from || unclosed.is_empty()) else {
            continue;
        };
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let body = rest.get(usize::from(quote.is_some())..).unwrap_or_default();
        let close = quote.unwrap_or(')');
        // An end that is not there is not looked for again, and what is inside an address is none of its own.
        if !begins(body) || unclosed.contains(&close) || found.len() > MOST {
            continue;
        }
        let Some(end) = body.find(close) else {
            unclosed.push(close);
            continue;
        };
        from = text.len().saturating_sub(body.len()).saturating_add(end);
        let url = unescape(body.get(..end).unwrap_or_default());
        if is_data(&url) {
            found.push(url);
        }
    }
    found
}

/// Cheap, because style sheets hold very many addresses: `d`, or an escape that may stand for it.
fn begins(text: &str) -> bool {
    is_data(text) || text.get(..64).unwrap_or(text).contains('\\')
}

fn is_data(text: &str) -> bool {
    text.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("data:"))
}

/// A backslash and up to six hexadecimal digits with one blank behind them, or any other character.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        let (code, tail) = after.split_at(digits);
        match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = tail.strip_prefix([' ', '\t', '\n']).unwrap_or(tail);
            }
            None => rest = after.strip_prefix('\n').unwrap_or(after),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_style_sheets_are_found() {
        let urls = data_urls(
            "a{b:url(data:,x)} c{d:URL( 'DATA:text/plain,(y)' )} e{f:url(d\\61 ta:,z)} @import \"data:text/css,w\"; g{h:url(i.png)}",
        );
        assert_eq!(urls, ["data:,x", "DATA:text/plain,(y)", "data:,z", "data:text/css,w"]);
    }
}
