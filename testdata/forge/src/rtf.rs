//! RTF documents and their OLE1 objects in hexadecimal (RTF 1.9.1, "Objects").

/// An RTF with the given groups in its body.
pub fn rtf(text: &str, groups: &str) -> Vec<u8> {
    format!("{{\\rtf1\\ansi\\deff0{{\\fonttbl{{\\f0 Arial;}}}}\\f0\\fs24 {text}\\par\n{groups}}}\n").into_bytes()
}

/// An RTF object group around an OLE1 object; `noise` is put between its hexadecimal digits.
pub fn rtf_object(class: &str, object: &[u8], control: &str, noise: &str) -> String {
    let hex = data_encoding::HEXLOWER.encode(object);
    let lines: Vec<&str> = hex
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    let body = lines.join(&format!("\n{noise}"));
    format!(
        "{{\\object\\objemb{control}\\objw100\\objh100{{\\*\\objclass {class}}}{{\\*\\objdata {body}}}{{\\result{{\\pard object\\par}}}}}}"
    )
}
