//! VBA projects from the compound file to the finding.

use super::compress::tests::store;
use super::project::tests::dir;
use crate::formats::ole2::cfb::tests::build;
use crate::formats::ole2::tests::{Seen, look};

fn project(dir_stream: &[u8], modules: &[(&str, &str)]) -> Vec<u8> {
    let packed: Vec<(String, Vec<u8>)> = modules
        .iter()
        .map(|(name, source)| {
            // Compiled code stands before the source.
            let mut stream = vec![0xcc; 40];
            stream.extend(store(format!("Attribute VB_Name = \"{name}\"\r\n{source}").as_bytes()));
            (format!("Macros/VBA/{name}"), stream)
        })
        .collect();
    let mut streams: Vec<(&str, &[u8])> = vec![("WordDocument", b"\xec\xa5"), ("Macros/VBA/dir", dir_stream)];
    streams.extend(packed.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    build(&streams)
}

const BAD: &str = "Sub AutoOpen()\r\nGo\r\nEnd Sub\r\nSub Go()\r\nShell \"calc.exe\"\r\nEnd Sub\r\n";

#[test]
fn a_macro_that_runs_by_itself_is_told_with_its_way() {
    let seen: Seen = look(&project(&store(&dir(&[("M", 40)])), &[("M", BAD)]));
    assert!(
        seen.node("M.bas", "vba")
            .is(format!("Attribute VB_Name = \"M\"\r\n{BAD}").as_bytes())
    );
    assert!(seen.finding("vba.autoexec_and_exec").contains("autoopen → go"));
    seen.finding("vba.present");
    seen.finding("vba.autoexec");
    assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
}

#[test]
fn without_its_directory_the_source_is_found_by_its_first_line() {
    let seen = look(&project(b"\x00broken", &[("M", BAD)]));
    assert!(
        seen.node("M.bas", "vba")
            .is(format!("Attribute VB_Name = \"M\"\r\n{BAD}").as_bytes())
    );
    seen.finding("vba.autoexec_and_exec");
    seen.finding("vba.dir_stream_inconsistent");
}

#[test]
fn attribute_lines_alone_are_no_macro() {
    let seen = look(&project(&store(&dir(&[("M", 40)])), &[("M", "Attribute VB_Base = \"x\"\r\n")]));
    seen.finding("vba.empty_project");
    assert!(!seen.has("vba.present"));
}

#[test]
fn a_module_that_the_directory_does_not_name_is_read_and_told() {
    let seen = look(&project(
        &store(&dir(&[("M", 40)])),
        &[("M", "Sub A()\r\nEnd Sub"), ("Hidden", BAD)],
    ));
    assert!(seen.node("Hidden.bas", "vba").contains("Shell"));
    seen.finding("vba.dir_stream_inconsistent");
}
