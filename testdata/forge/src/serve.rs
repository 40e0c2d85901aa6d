//! A tiny HTTP/1.1 server for demos and tests: loopback only, one folder, GET and HEAD, a thread for each connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest request head in bytes.
const MAX_HEAD: u64 = 16 << 10;

/// Binds `port` on 127.0.0.1 (0: a free one) and gives the listener.
///
/// # Errors
/// When the port is taken.
pub fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Serves the files of `folder` until the process ends.
///
/// # Errors
/// When the listener itself fails.
pub fn serve(listener: &TcpListener, folder: &Path) -> io::Result<()> {
    for stream in listener.incoming() {
        let (stream, folder) = (stream?, folder.to_owned());
        std::thread::spawn(move || answer(&stream, &folder));
    }
    Ok(())
}

/// Content type of a file name.
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "js" => "text/javascript",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "bz2" => "application/x-bzip2",
        "xz" => "application/x-xz",
        "tar" => "application/x-tar",
        "rar" => "application/vnd.rar",
        "lzh" | "lha" => "application/x-lzh-compressed",
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "rtf" => "application/rtf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "docm" => "application/vnd.ms-word.document.macroEnabled.12",
        "odt" => "application/vnd.oasis.opendocument.text",
        _ => "application/octet-stream",
    }
}

/// A failed connection is the client's affair.
fn answer(stream: &TcpStream, folder: &Path) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let _ = answer_one(stream, folder);
}

fn answer_one(stream: &TcpStream, folder: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream.take(MAX_HEAD)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" && method != "HEAD" {
        return respond(stream, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", b"");
    }
    let Some((path, name)) = find(folder, target) else {
        return respond(stream, "404 Not Found", "Content-Type: text/plain\r\n", b"not found\n");
    };
    let body = std::fs::read(path)?;
    let kind = content_type(&name);
    let page = kind.starts_with("text/html") || kind.starts_with("text/plain") || kind.starts_with("image/");
    let disposition = if page {
        String::new()
    } else {
        format!("Content-Disposition: attachment; filename=\"{name}\"\r\n")
    };
    let head = format!("Content-Type: {kind}\r\n{disposition}");
    if method == "HEAD" {
        let length = body.len();
        let mut stream = stream;
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
    }
    respond(stream, "200 OK", &head, &body)
}

/// A plain file name in the folder, without any path.
fn find(folder: &Path, target: &str) -> Option<(PathBuf, String)> {
    let name = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let safe = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && !name.starts_with('.');
    let path = folder.join(name);
    (safe && path.is_file()).then(|| (path, name.to_owned()))
}

fn respond(mut stream: &TcpStream, status: &str, head: &str, body: &[u8]) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut out = String::new();
        stream.read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn files_come_with_type_and_disposition_and_nothing_else_is_served() {
        let folder = std::env::temp_dir().join(format!("airlock-forge-serve-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.zip"), b"PK").unwrap();
        std::fs::write(folder.join("a.html"), b"<p>").unwrap();
        let listener = bind(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let root = folder.clone();
        std::thread::spawn(move || serve(&listener, &root));
        let zip = ask(port, "GET /a.zip?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(zip.contains("application/zip") && zip.contains("attachment; filename=\"a.zip\"") && zip.ends_with("\r\n\r\nPK"));
        let page = ask(port, "GET /a.html HTTP/1.1\r\n\r\n");
        assert!(page.contains("text/html") && !page.contains("attachment"));
        assert!(ask(port, "GET /../../etc/passwd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(ask(port, "POST /a.zip HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
