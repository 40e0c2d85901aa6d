//! The inspector without its jail, for authors of formats: `cargo run --release --example look FILE…` prints the frames.
//! Never run it on files that you do not trust: that is what `airlock scan` is for.
#![allow(clippy::expect_used, clippy::disallowed_methods, clippy::arithmetic_side_effects)]

use airlock_inspector::{RuleSet, Surroundings, inspect};
use airlock_proto::Limits;
use airlock_proto::frame::{Frame, JobHeader};

fn main() {
    let passwords: Vec<String> = std::env::var("PASSWORDS")
        .map(|p| p.split(',').map(str::to_owned).collect())
        .unwrap_or_default();
    let (rules, _) = RuleSet::compile(&[]);
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("readable");
        let name = std::path::Path::new(&path)
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let job = JobHeader {
            name,
            declared_type: None,
            content_encoding: vec![],
            passwords: passwords.clone(),
            limits: Limits::default(),
            input_cut_bytes: 0,
        };
        println!("== {path}");
        let mut matcher = rules.matcher();
        let mut emit = |frame: Frame| {
            match &frame {
                Frame::Node(n) => println!(
                    "node {} ^{} {:?} {} {} {} {}",
                    n.index,
                    n.parent.map_or_else(|| "-".into(), |p| p.to_string()),
                    n.name,
                    n.format,
                    n.layer,
                    n.size,
                    n.sha256
                ),
                Frame::Gap { node, gap } => println!("  gap {node} {:?} {} ({:?})", gap.kind, gap.detail, gap.bytes_unseen),
                Frame::Finding(f) => println!(
                    "  finding {} {} {:?}/{} {} @{}+{} {}",
                    f.node, f.id, f.severity, f.confidence, f.summary, f.evidence.offset, f.evidence.length, f.evidence.excerpt
                ),
                other => println!("  {other:?}"),
            }
            true
        };
        inspect(
            &bytes,
            Surroundings {
                job: &job,
                matcher: Some(&mut matcher),
                expired: &|| false,
                emit: &mut emit,
            },
        );
    }
}
