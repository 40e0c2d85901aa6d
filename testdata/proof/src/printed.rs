//! The printed side of `make corpus`: the table by format, the goals, and every miss by name.

use crate::judge::{Eicar, Judged};
use crate::table;
use crate::text::{fit, percent};

/// Share of expected members that must be seen, in per cent.
const MEMBERS_GOAL: f64 = 98.0;
/// Share of ordinary files that must end clean and complete, in per cent.
const BENIGN_GOAL: f64 = 95.0;

/// Prints what the judgements come to; true when every goal is met.
pub fn judgements(judged: &[Judged]) -> bool {
    by_format(judged);
    let mut good = troubles(judged);
    good &= misses(judged);
    good &= benign(judged);
    good &= eicar(judged);
    facts(judged);
    good
}

/// Prints a heading with the number of lines, and the lines.
pub fn list(heading: &str, lines: &[String]) {
    println!("\n{heading}: {}", lines.len());
    for line in lines {
        println!("  {}", fit(line, 400));
    }
}

fn by_format(judged: &[Judged]) {
    let mut rows: Vec<&str> = judged.iter().filter_map(|j| j.row).collect();
    rows.sort_unstable();
    rows.dedup();
    let cells = |name: &str, of: &[&Judged]| {
        let sum = |count: fn(&Judged) -> usize| of.iter().map(|j| count(j)).sum::<usize>().to_string();
        vec![
            name.to_owned(),
            of.len().to_string(),
            sum(|j| j.expected),
            sum(|j| j.seen),
            sum(|j| j.gaps),
            sum(|j| usize::from(j.gaps > 0)),
            sum(|j| usize::from(j.complete_though_missing)),
        ]
    };
    let mut lines = Vec::new();
    for row in rows {
        lines.push(cells(row, &judged.iter().filter(|j| j.row == Some(row)).collect::<Vec<_>>()));
    }
    lines.push(cells(
        "only recognised",
        &judged.iter().filter(|j| j.row.is_none()).collect::<Vec<_>>(),
    ));
    lines.push(cells("all", &judged.iter().collect::<Vec<_>>()));
    println!();
    let heads = [
        "format",
        "files",
        "expected",
        "seen",
        "gaps",
        "files with gaps",
        "complete though missing",
    ];
    table::print(&heads, &[1, 2, 3, 4, 5, 6], &lines);
}

fn troubles(judged: &[Judged]) -> bool {
    let lines: Vec<String> = judged
        .iter()
        .flat_map(|j| j.trouble.iter().map(move |t| format!("{}: {t}", j.path)))
        .collect();
    list("files without a line, dead children, time-outs, caught panics (goal: 0)", &lines);
    lines.is_empty()
}

fn misses(judged: &[Judged]) -> bool {
    let named = |j: &&Judged| {
        format!(
            "{}: {} ({})",
            j.path,
            j.missing.join(", "),
            if j.gaps == 0 { "no gap!" } else { &j.reasons }
        )
    };
    let lies: Vec<String> = judged.iter().filter(|j| j.complete_though_missing).map(|j| named(&j)).collect();
    list("files that ended complete although an expected member is missing (goal: 0)", &lies);
    let ours: Vec<&Judged> = judged.iter().filter(|j| j.row.is_some()).collect();
    let (expected, seen) = (ours.iter().map(|j| j.expected).sum(), ours.iter().map(|j| j.seen).sum());
    let share = percent(seen, expected);
    let lines: Vec<String> = ours.iter().filter(|j| !j.missing.is_empty()).map(named).collect();
    list(
        &format!(
            "expected members of the formats delivered: {seen} of {expected} seen, {share:.1} % (goal: {MEMBERS_GOAL} %); files with a miss"
        ),
        &lines,
    );
    lies.is_empty() && share >= MEMBERS_GOAL
}

fn benign(judged: &[Judged]) -> bool {
    let ordinary: Vec<(&Judged, &Result<(), String>)> = judged
        .iter()
        .filter(|j| j.row.is_some())
        .filter_map(|j| Some((j, j.benign.as_ref()?)))
        .collect();
    let well = ordinary.iter().filter(|(_, verdict)| verdict.is_ok()).count();
    let share = percent(well, ordinary.len());
    let lines: Vec<String> = ordinary
        .iter()
        .filter_map(|(j, verdict)| verdict.as_ref().err().map(|why| format!("{}: {why}", j.path)))
        .collect();
    list(
        &format!(
            "ordinary files of the formats delivered: {well} of {} clean and complete, {share:.1} % (goal: {BENIGN_GOAL} %); the others",
            ordinary.len()
        ),
        &lines,
    );
    let alarms: Vec<String> = judged.iter().filter(|j| j.benign_malicious).map(|j| j.path.clone()).collect();
    list("ordinary files called malicious (goal: 0)", &alarms);
    share >= BENIGN_GOAL && alarms.is_empty()
}

fn eicar(judged: &[Judged]) -> bool {
    let count = |what: Eicar| judged.iter().filter(|j| j.eicar == Some(what)).count();
    let (found, gap) = (count(Eicar::Found), count(Eicar::Gap));
    let open: Vec<String> = judged
        .iter()
        .filter(|j| j.eicar == Some(Eicar::Gap))
        .map(|j| format!("{}: {}", j.path, j.reasons))
        .collect();
    list(
        &format!("files with EICAR: {found} found, {gap} not found but with a gap; the latter"),
        &open,
    );
    let missed: Vec<String> = judged
        .iter()
        .filter(|j| j.eicar == Some(Eicar::Missed))
        .map(|j| j.path.clone())
        .collect();
    list("files with EICAR that were called complete without it (goal: 0)", &missed);
    missed.is_empty()
}

/// Information only: other tools are wrong too.
fn facts(judged: &[Judged]) {
    println!();
    for fact in ["macro", "auto_exec", "pdf_js"] {
        let told: Vec<(&str, bool)> = judged
            .iter()
            .flat_map(|j| j.facts.iter().filter(|(f, _)| *f == fact).map(|(_, said)| (j.path.as_str(), *said)))
            .collect();
        let silent: Vec<&str> = told.iter().filter(|(_, said)| !said).map(|(path, _)| *path).collect();
        println!(
            "{fact}: {} of {} files that other tools report{}{}",
            told.len() - silent.len(),
            told.len(),
            if silent.is_empty() { "" } else { "; not " },
            silent.join(", ")
        );
    }
}
