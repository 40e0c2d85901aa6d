//! XFA forms (XFA specification 3.3, ISO 32000-1 section 12.7.8): their scripts, and what they fetch from outside.

use memchr::memmem;

use super::words::remote;

/// Scripts of one form that are read.
const MAX_SCRIPTS: usize = 1000;

/// What stands in the XML of a form.
#[derive(Default)]
pub struct Form {
    /// Scripts, as text.
    pub scripts: Vec<String>,
    /// Addresses outside that the form loads by itself.
    pub external: Vec<String>,
}

/// Reads the XML of a form by its tags alone, so that damage elsewhere hides nothing.
pub fn read(xml: &[u8]) -> Form {
    let mut form = Form::default();
    let mut from = 0_usize;
    while form.scripts.len() < MAX_SCRIPTS
        && let Some(at) = xml.get(from..).and_then(|rest| memmem::find(rest, b"<script"))
    {
        let rest = xml.get(from.saturating_add(at)..).unwrap_or_default();
        from = from.saturating_add(at).saturating_add(7);
        let Some(open) = memchr::memchr(b'>', rest.get(..4096).unwrap_or(rest)) else {
            continue;
        };
        // `<scriptTest>` and empty tags hold none.
        if rest.get(..open).unwrap_or_default().ends_with(b"/") || !matches!(rest.get(7), Some(b'>' | b' ' | b'\r' | b'\n' | b'\t')) {
            continue;
        }
        let body = rest.get(open.saturating_add(1)..).unwrap_or_default();
        let Some(end) = memmem::find(body, b"</script") else { break };
        let text = String::from_utf8_lossy(body.get(..end).unwrap_or_default()).into_owned();
        // Behind the end, so that tags inside tags are read once.
        from = from.saturating_add(open).saturating_add(end);
        // The configuration of a form has an element of this name, too, that holds others.
        let markup = text.trim_start().starts_with('<') && !text.trim_start().starts_with("<!");
        if !text.trim().is_empty() && !markup {
            form.scripts.push(unescape(&text));
        }
    }
    for mark in [&b"SYSTEM"[..], b"<?xml-stylesheet", b"xsl:import", b"xsl:include"] {
        for at in memmem::find_iter(xml, mark).take(64) {
            let rest = xml.get(at..at.saturating_add(512).min(xml.len())).unwrap_or_default();
            let rest = String::from_utf8_lossy(rest.split(|b| *b == b'>').next().unwrap_or_default()).into_owned();
            let quoted = rest.split(['"', '\'']).skip(1).step_by(2).find(|target| remote(target));
            form.external.extend(quoted.map(str::to_owned));
        }
    }
    form
}

fn unescape(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix("<![CDATA[").and_then(|t| t.strip_suffix("]]>")) {
        return inner.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_external_entities_are_found() {
        let form = read(b"<!DOCTYPE a [<!ENTITY x SYSTEM \"\\\\\\\\host\\a\">]><event><script contentType='application/x-javascript'>if (1 &lt; 2) {}</script></event>");
        assert_eq!(form.scripts, ["if (1 < 2) {}"]);
        assert_eq!(form.external.len(), 1);
    }
}
