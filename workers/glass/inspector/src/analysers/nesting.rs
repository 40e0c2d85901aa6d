//! What the composition of a container says (findings 62 to 64), and polyglots (73).

use airlock_proto::Severity;

use super::{Analyser, NodeFacts, extensions};
use crate::input::{Input, extension};
use crate::labels;
use crate::sink::{Child, Found};

/// See the module.
pub struct Nesting;

impl Analyser for Nesting {
    fn name(&self) -> &'static str {
        "nesting"
    }

    fn inspect(&self, input: &Input<'_>, node: &NodeFacts<'_>, out: &mut Vec<Found>) {
        // That something is a stream of a compound file says where it stands, not what it is; Office keeps its themes as archives there;
        // programs and pictures hold compressed data; the first part of a file begins as the whole does; and markup stands in documents
        // that speak of it.
        let about = |f: &&str| !matches!(*f, "stream" | "zip-carved" | "behind" | "split" | "txt");
        let formats: Vec<&str> = node.formats.iter().copied().filter(about).collect();
        if formats.len() > 1 {
            out.push(Found::new("poly.multi_format").summary(format!("The same bytes open as {}.", formats.join(" and as "))));
        }
        if !labels::covers("archive", node.format) {
            return;
        }
        let files: Vec<&Child> = node.children.iter().filter(|c| c.layer == "raw" && !c.member.dir).collect();
        if let [only] = files.as_slice() {
            // A compressed stream holds one file by its nature; only archives choose what they hold.
            if runs(only) && !matches!(node.format, "gzip" | "bzip2" | "xz" | "lzma") {
                out.push(Found::new("nest.single_exec").says(&only.member.name));
            }
        }
        let ends = |suffix: &str| files.iter().find(|c| c.format == Some("pe") && extension(&c.member.name) == suffix);
        if let (Some(program), Some(library)) = (ends("exe"), ends("dll")) {
            let both = format!("{} beside {}", program.member.name, library.member.name);
            out.push(Found::new("nest.exec_plus_dll").says(&both).confidence(40));
        }
        for child in &files {
            let rare = match child.format {
                Some("iso" | "udf" | "vhd" | "vhdx" | "wim" | "dmg") => Severity::High,
                Some("ace" | "arj" | "lha" | "zpaq" | "chm") => Severity::Medium,
                Some("7z") if node.format == "7z" => Severity::High,
                _ => continue,
            };
            let sentence = format!("A {} inside a {} file.", child.format.unwrap_or_default(), node.format);
            out.push(
                Found::new("nest.archive_chain_odd")
                    .says(&child.member.name)
                    .severity(rare)
                    .summary(sentence),
            );
        }
        let _ = input;
    }
}

fn runs(child: &Child) -> bool {
    let by_content = child.format.is_some_and(|f| labels::covers("exe", f) || f == "lnk");
    by_content || extensions::runs_loudly(&extension(&child.member.name))
}
