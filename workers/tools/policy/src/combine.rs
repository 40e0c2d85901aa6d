//! Combination rules: findings that together say more than their points (DETECTIONS 3.2, stage 2).
//!
//! They can raise a file to a classification, never lower it. A finding takes part when it is more likely true than not.

use airlock_proto::{Class, Classification, GapKind, Report, Severity};

use crate::scene::Scene;

/// One combination rule that holds.
pub(crate) struct Raise {
    /// `combo.NAME`.
    pub id: &'static str,
    /// What the file becomes at least.
    pub to: Classification,
    /// One plain sentence.
    pub text: String,
}

/// All combination rules that hold for a report, in the order of this file.
pub(crate) fn raised(report: &Report) -> Vec<Raise> {
    let scene = Scene::of(report);
    [
        hidden_executable(&scene),
        macro_runs_program(&scene),
        macro_on_click(&scene),
        smuggling(&scene),
        image_with_starter(&scene),
        password_beside_archive(&scene),
        unc_reference(&scene),
        disguised_executable(&scene),
        name_hides_executable(&scene),
        pdf_starts_program(&scene),
        encrypted_pdf_lure(&scene),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Evasion (high or more) and a program, script or macro in the same subtree. Names have a rule of their own below.
fn hidden_executable(s: &Scene) -> Option<Raise> {
    let below = s.tree.below(s.either(&s.programs, &s.either(&s.scripts, &s.macros)));
    let hit = s
        .likely()
        .find(|f| f.class == Class::Evasion && f.severity >= Severity::High && !is_about_name(&f.id) && s.holds(&below, s.file(f)))?;
    Some(malicious(
        "combo.hidden_executable",
        format!("{} hides what it is and holds something that runs.", s.name(hit)),
    ))
}

/// Opening or closing the document reaches a program; a finding below high speaks of clicks only.
fn macro_runs_program(s: &Scene) -> Option<Raise> {
    let hit = s
        .with_id(&["vba.autoexec_and_exec"])
        .max_by_key(|f| (f.severity, std::cmp::Reverse(f.node)))?;
    if hit.severity >= Severity::High {
        return Some(malicious(
            "combo.macro_runs_program",
            format!("Opening {} runs a macro that starts a program.", s.name(hit)),
        ));
    }
    Some(suspicious(
        "combo.macro_runs_program",
        format!("A click in {} runs a macro that starts a program.", s.name(hit)),
    ))
}

/// A click procedure alone is common in clean forms; beside code that downloads or starts processes it is not.
fn macro_on_click(s: &Scene) -> Option<Raise> {
    let reach = s.files_with(&[
        "vba.download",
        "vba.win32_declare",
        "vba.wmi_process",
        "vba.decoded_ioc",
        "vba.mac_exec",
    ]);
    let hit = s.with_id(&["vba.activex_event"]).find(|f| s.holds(&reach, s.file(f)))?;
    Some(suspicious(
        "combo.macro_on_click",
        format!("A click in {} can run a macro that downloads or starts a program.", s.name(hit)),
    ))
}

/// A page that builds a download by itself; malicious once the built file is a file that matters.
fn smuggling(s: &Scene) -> Option<Raise> {
    let payload = s.tree.below(s.files_with(&["html.smuggling_payload"]));
    // Libraries of scripts offer to save what they make: a fact without weight.
    let first = s.with_id(&["html.smuggling_js"]).find(|f| f.severity > Severity::Info)?;
    match s.with_id(&["html.smuggling_js"]).find(|f| s.holds(&payload, s.file(f))) {
        Some(hit) => Some(malicious(
            "combo.smuggling",
            format!(
                "{} builds a hidden file inside the browser and hands it out as a download.",
                s.name(hit)
            ),
        )),
        None => Some(suspicious(
            "combo.smuggling",
            format!("{} builds a download inside the browser, where no filter sees it.", s.name(first)),
        )),
    }
}

/// A disk image that holds a shortcut or a script: mounting it removes the mark of the web.
fn image_with_starter(s: &Scene) -> Option<Raise> {
    let below = s.tree.below(s.either(&s.shortcuts, &s.scripts));
    let hit = s.with_id(&["img.mountable"]).find(|f| s.holds(&below, s.file(f)))?;
    Some(malicious(
        "combo.image_with_starter",
        format!("{} is a disk image that holds a shortcut or script.", s.name(hit)),
    ))
}

/// The password for an encrypted archive lies beside it.
fn password_beside_archive(s: &Scene) -> Option<Raise> {
    s.with_id(&["enc.password_in_context"]).next()?;
    let gap = s
        .report
        .nodes
        .iter()
        .any(|n| n.gaps.iter().any(|g| g.kind == GapKind::PasswordNeeded));
    let found = s
        .with_id(&[
            "enc.archive",
            "enc.archive_headers",
            "enc.mixed",
            "enc.weak_password",
            "zip.strong_encryption",
        ])
        .next();
    (gap || found.is_some()).then(|| {
        suspicious(
            "combo.password_beside_archive",
            "The password of the encrypted archive is handed out with it, which keeps scanners out and lets people in.".to_owned(),
        )
    })
}

/// A template, reminder or shortcut that makes the computer log on to a foreign file server.
fn unc_reference(s: &Scene) -> Option<Raise> {
    let hit = s
        .with_id(&[
            "rel.remote_template",
            "rtf.remote_template",
            "msg.reminder_unc",
            "url.file_scheme_or_unc",
        ])
        .find(|f| f.id == "msg.reminder_unc" || names_share(&f.evidence.excerpt))?;
    Some(malicious(
        "combo.unc_reference",
        format!("Opening {} makes the computer log on to a foreign file server.", s.name(hit)),
    ))
}

/// An extension that promises something harmless on what is a program.
fn disguised_executable(s: &Scene) -> Option<Raise> {
    let hit = s.with_id(&["ext.content_mismatch"]).find(|f| s.holds(&s.programs, s.file(f)))?;
    Some(malicious(
        "combo.disguised_executable",
        format!("{} is a program whose name says that it is something else.", s.name(hit)),
    ))
}

/// A deceptive name (high or more) on something that runs.
fn name_hides_executable(s: &Scene) -> Option<Raise> {
    let listed = s.nodes_with(&["ext.executable_class"]);
    let runs = s.either(&listed, &s.either(&s.programs, &s.scripts));
    let hit = s
        .likely()
        .find(|f| f.id.starts_with("name.") && f.severity >= Severity::High && s.holds(&runs, s.node(f)))?;
    Some(malicious(
        "combo.name_hides_executable",
        format!("{} runs when it is opened, and its name hides that.", s.name(hit)),
    ))
}

/// A program start or an embedded program, with an action that needs no click.
fn pdf_starts_program(s: &Scene) -> Option<Raise> {
    let auto = s.files_with(&["pdf.openaction", "pdf.js_auto"]);
    // A page among the papers, or another paper of the same collection, is no program.
    let hit = s
        .with_id(&["pdf.launch", "pdf.embedded_exec"])
        .find(|f| f.severity >= Severity::High && s.holds(&auto, s.file(f)))?;
    Some(malicious(
        "combo.pdf_starts_program",
        format!("Opening {} starts a program without a click.", s.name(hit)),
    ))
}

/// An encrypted PDF that comes with its password, or whose first page lures to a link or a QR code.
fn encrypted_pdf_lure(s: &Scene) -> Option<Raise> {
    let lures = s.files_with(&["pdf.qr_image", "pdf.qr_text_art", "pdf.uri_overlay_lure"]);
    let told = s.with_id(&["enc.password_in_context"]).next().is_some();
    let hit = s
        .with_id(&["pdf.encrypted_password"])
        .find(|f| told || s.holds(&lures, s.file(f)))?;
    Some(suspicious(
        "combo.encrypted_pdf_lure",
        format!("{} is an encrypted PDF that comes with a lure or with its password.", s.name(hit)),
    ))
}

fn malicious(id: &'static str, text: String) -> Raise {
    Raise {
        id,
        to: Classification::Malicious,
        text,
    }
}

fn suspicious(id: &'static str, text: String) -> Raise {
    Raise {
        id,
        to: Classification::Suspicious,
        text,
    }
}

fn is_about_name(id: &str) -> bool {
    id.starts_with("name.") || id.starts_with("ext.")
}

/// True when an excerpt names a share on a server: `\\server\x`, `//server/x` or `file://server/x`, escaped or not.
///
/// An escaped local path (`C:\\Users`) has doubled backslashes too, so what stands before them decides.
fn names_share(excerpt: &str) -> bool {
    let text = excerpt.to_ascii_lowercase();
    text.match_indices("\\\\")
        .any(|(at, _)| starts_path(text.get(..at)) && is_host(text.get(at..).map(|t| t.trim_start_matches('\\'))))
        || text.match_indices("file:").any(|(at, word)| {
            let rest = text.get(at.saturating_add(word.len())..).unwrap_or_default();
            let slashes = rest.chars().take_while(|c| matches!(c, '/' | '\\')).count();
            let host = rest.trim_start_matches(['/', '\\']);
            matches!(slashes, 2 | 4 | 5 | 6) && !host.starts_with("localhost") && is_host(Some(host))
        })
        || (text.trim_start().starts_with("//") && is_host(Some(text.trim_start().trim_start_matches('/'))))
}

fn starts_path(before: Option<&str>) -> bool {
    !before
        .unwrap_or_default()
        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '\\' | ')' | '~' | '%'))
}

/// A server name, and not a drive letter.
fn is_host(text: Option<&str>) -> bool {
    let text = text.unwrap_or_default();
    text.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !text.get(1..2).is_some_and(|c| c == ":" || c == "|")
}

#[cfg(test)]
mod tests {
    use super::names_share;

    #[test]
    fn shares_and_local_paths_are_told_apart() {
        for share in [
            r"\\server\t.dotx",
            r"\\\\server\\t.dotx",
            r#"Target="\\\\10.0.0.1\\a""#,
            "file://server/t.dotx",
            "file:////server/t",
            r"file:///\\server\t",
            r"URL=\\server@80\x",
            "//server/share",
        ] {
            assert!(names_share(share), "{share}");
        }
        for local in [
            r"C:\\Users\\x\\Normal.dotm",
            r"C:\Users\x",
            "file:///C:/x.dotx",
            r"file:///C:\\x",
            r"Templates\\a.dotx",
            "http://host/a.dotm",
            "Normal.dotm",
            "file://localhost/c",
            "file:///home/x",
            "",
        ] {
            assert!(!names_share(local), "{local}");
        }
    }
}
