//! What the combination rules look at: a report with its programs, scripts, shortcuts and macros marked in the tree.

use airlock_proto::{Finding, Report, Severity};

use crate::formats::{is_program, is_script_label, is_text};
use crate::reason::quoted;
use crate::tree::Tree;

/// Confidence (per cent) from which a finding takes part in a combination.
const LIKELY: u8 = 50;

/// A report with the marks that several rules ask for.
pub(crate) struct Scene<'a> {
    pub report: &'a Report,
    pub tree: Tree,
    pub programs: Vec<bool>,
    pub shortcuts: Vec<bool>,
    pub scripts: Vec<bool>,
    pub macros: Vec<bool>,
}

impl<'a> Scene<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let mut scene = Scene {
            report,
            tree: Tree::of(report),
            programs: vec![],
            shortcuts: vec![],
            scripts: vec![],
            macros: vec![],
        };
        let by_format = |test: fn(&str) -> bool| -> Vec<bool> { report.nodes.iter().map(|n| test(&n.format)).collect() };
        scene.programs = scene.either(
            &by_format(is_program),
            &scene.nodes_where(|id| matches!(id, "hta.any" | "jar.executable")),
        );
        scene.shortcuts = scene.either(&by_format(|f| f == "lnk"), &scene.nodes_where(|id| id.starts_with("lnk.")));
        scene.scripts = scripts(report, &scene);
        scene.macros = scene.nodes_where(is_macro);
        scene
    }

    /// Findings that are more likely true than not, in the order of the report.
    pub(crate) fn likely(&self) -> impl Iterator<Item = &'a Finding> + use<'a> {
        self.report.findings.iter().filter(|f| f.confidence >= LIKELY)
    }

    pub(crate) fn with_id<'b>(&self, ids: &'b [&str]) -> impl Iterator<Item = &'a Finding> + use<'a, 'b> {
        self.likely().filter(move |f| ids.contains(&f.id.as_str()))
    }

    pub(crate) fn node(&self, finding: &Finding) -> Option<usize> {
        usize::try_from(finding.node).ok()
    }

    /// The file that a finding belongs to: its node, or what that was decoded from.
    pub(crate) fn file(&self, finding: &Finding) -> Option<usize> {
        self.tree.file(self.node(finding)?)
    }

    pub(crate) fn holds(&self, marks: &[bool], node: Option<usize>) -> bool {
        node.and_then(|n| marks.get(n)).copied().unwrap_or(false)
    }

    pub(crate) fn either(&self, a: &[bool], b: &[bool]) -> Vec<bool> {
        (0..self.tree.len())
            .map(|i| self.holds(a, Some(i)) || self.holds(b, Some(i)))
            .collect()
    }

    fn nodes_where(&self, test: impl Fn(&str) -> bool) -> Vec<bool> {
        self.marks(self.likely().filter(|f| test(&f.id)).filter_map(|f| self.node(f)))
    }

    pub(crate) fn nodes_with(&self, ids: &[&str]) -> Vec<bool> {
        self.nodes_where(|id| ids.contains(&id))
    }

    pub(crate) fn files_with(&self, ids: &[&str]) -> Vec<bool> {
        self.marks(self.with_id(ids).filter_map(|f| self.file(f)))
    }

    fn marks(&self, nodes: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut marks = vec![false; self.tree.len()];
        for node in nodes {
            if let Some(mark) = marks.get_mut(node) {
                *mark = true;
            }
        }
        marks
    }

    /// The name of the file that a finding belongs to, fit to begin or end a sentence.
    pub(crate) fn name(&self, finding: &Finding) -> String {
        self.file(finding)
            .and_then(|i| self.report.nodes.get(i))
            .map_or_else(|| "The file".to_owned(), |n| quoted(&n.name))
    }
}

/// Scripts that are files of their own: by what stands in them, and for members by the name that would run them.
///
/// A root is never a script by its label alone: the label of a text may come from its name, and the same bytes under
/// another name must not be judged differently.
fn scripts(report: &Report, scene: &Scene) -> Vec<bool> {
    let spoken = scene.marks(
        scene
            .likely()
            .filter(|f| f.severity >= Severity::Medium && is_script_finding(&f.id))
            .filter_map(|f| scene.node(f)),
    );
    report
        .nodes
        .iter()
        .enumerate()
        .map(|(i, n)| {
            let text = is_text(&n.format) || n.format == "bin";
            n.layer == "raw" && ((n.parent.is_some() && is_script_label(&n.format)) || (text && scene.holds(&spoken, Some(i))))
        })
        .collect()
}

fn is_script_finding(id: &str) -> bool {
    ["script.", "js.", "vbs.", "wsf.", "ps1.", "bat."]
        .iter()
        .any(|family| id.starts_with(family))
}

fn is_macro(id: &str) -> bool {
    matches!(
        id,
        "vba.present" | "vba.autoexec" | "vba.autoexec_and_exec" | "odf.basic_macro" | "odf.script_other"
    ) || id.starts_with("xlm.")
}
