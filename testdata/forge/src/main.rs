//! `airlock-forge`: writes the project's test data to a folder, or serves a folder on loopback.

use airlock_forge::{catalog, serve};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
airlock-forge: makes the project's test data; every file is harmless and the same on every run

  airlock-forge demo DIR               the inputs of `make demo`
  airlock-forge all DIR                every family, one folder each, and markers.tsv (path, marker to be found)
  airlock-forge family NAME DIR        one family; `airlock-forge list` names them
  airlock-forge serve DIR [--port N]   serves DIR on 127.0.0.1 (default: a free port)
  airlock-forge list                   family, file, length, marker to be found
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["demo", folder] => write_flat("demo", Path::new(folder)),
        ["all", folder] => write_all(Path::new(folder)),
        ["family", name, folder] => write_flat(name, Path::new(folder)),
        ["serve", folder] => run_server(Path::new(folder), 0),
        ["serve", folder, "--port", port] => match port.parse() {
            Ok(port) => run_server(Path::new(folder), port),
            Err(_) => Err(io::Error::other(format!("--port takes a number from 0 to 65535, not {port}"))),
        },
        ["list"] => list(),
        ["help" | "--help" | "-h"] => io::stdout().write_all(HELP.as_bytes()),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("airlock-forge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_flat(family: &str, folder: &Path) -> io::Result<()> {
    let samples = catalog::family(family);
    if samples.is_empty() {
        return Err(io::Error::other(format!(
            "no family is called {family}; `airlock-forge list` names them"
        )));
    }
    std::fs::create_dir_all(folder)?;
    samples
        .iter()
        .try_for_each(|sample| std::fs::write(folder.join(&sample.name), &sample.bytes))?;
    writeln!(io::stdout(), "{} files in {}", samples.len(), folder.display())
}

fn write_all(folder: &Path) -> io::Result<()> {
    let mut markers = String::new();
    for family in families() {
        write_flat(family, &folder.join(family))?;
        for sample in catalog::family(family) {
            markers += &format!("{family}/{}\t{}\n", sample.name, sample.marker.as_deref().unwrap_or("-"));
        }
    }
    std::fs::write(folder.join("markers.tsv"), markers)
}

fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for sample in families().flat_map(catalog::family) {
        let marker = sample.marker.as_deref().unwrap_or("-");
        writeln!(out, "{}\t{}\t{}\t{marker}", sample.family, sample.name, sample.bytes.len())?;
    }
    Ok(())
}

fn families() -> impl Iterator<Item = &'static str> {
    catalog::FAMILIES.into_iter().chain(catalog::HEAVY).chain(["demo"])
}

fn run_server(folder: &Path, port: u16) -> io::Result<()> {
    let listener = serve::bind(port)?;
    let mut out = io::stdout().lock();
    writeln!(out, "listening http://{}", listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    serve::serve(&listener, folder)
}
