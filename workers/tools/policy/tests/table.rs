//! The decision table of DECISIONS 1 as data: every row, every cell of it, and what the rows say about each other.

mod support;

use airlock_policy::{DecisionKind, DecisionWord, Outcome, Remedy, decide, detonate};
use support::{definition, facts};

/// Row, facts, definition → decision, kind, outcome, remedy. The words of `support` say what stands in the first columns.
const TABLE: &str = "
 1 | refused                               |                                                     | block   none     refused
 1 | refused late journal                  | unchecked=warn                                      | block   none     refused
 2 | unreachable                           |                                                     | block   none     unreachable  retry
 2 | unreachable                           | unchecked=warn                                      | warn    redirect unreachable  retry
 2 | timed_out                             |                                                     | block   none     timed_out    retry
 2 | timed_out journal                     | unchecked=warn                                      | warn    redirect timed_out    retry
 2 | late                                  |                                                     | block   none     timed_out    retry
 2 | late unscanned                        | unchecked=warn                                      | warn    redirect timed_out    retry
 2 | late clean                            | unchecked=warn                                      | warn    redirect timed_out    retry
 2 | late suspicious                       |                                                     | block   none     timed_out    retry
11 | late suspicious                       | unchecked=warn                                      | block   download scanned
 3 | late malicious                        | unchecked=warn                                      | block   none     scanned
 3 | malicious                             |                                                     | block   none     scanned
 3 | malicious page                        | unsafe_link_action=warn                             | block   none     scanned
 3 | malicious password coverage:none      | action=warn                                         | block   none     scanned
 3 | malicious unlisted                    | other_types=pass                                    | block   none     scanned
 3 | malicious                             | url_file_download=false                             | block   none     scanned
 3 | malicious journal sb:clean            | action=sandbox                                      | block   none     scanned
 3 | clean sb:malicious                    | action=warn                                         | block   none     scanned
 4 | journal sb:clean                      | action=sandbox                                      | release none     scanned
 4 | outbound sb:clean                     |                                                     | release none     scanned
 4 | outbound sb:clean page                |                                                     | release none     scanned
 4 | journal sb:clean unlisted             | url_file_download=false other_types=block           | release none     scanned
 4 | journal sb:clean damaged              | action=sandbox gap_damaged=warn                     | block   none     scanned
 4 | journal sb:clean coverage:none        | action=sandbox                                      | block   none     scanned
 4 | journal                               | action=sandbox                                      | block   none     scanned
 4 | outbound sb:silent                    | action=sandbox on_sandbox_timeout=warn              | block   none     scanned
 4 | outbound sb:suspicious                | action=warn                                         | block   none     scanned
 5 | page suspicious                       |                                                     | block   redirect scanned
 5 | page suspicious                       | unsafe_link_action=warn                             | warn    redirect scanned
 5 | page sb:suspicious                    | unsafe_link_action=warn                             | warn    redirect scanned
 5 | page suspicious unlisted              | url_file_download=false unsafe_link_action=warn     | warn    redirect scanned
 5 | page suspicious limit                 | unsafe_link_action=warn                             | block   redirect scanned
 5 | page suspicious damaged               | unsafe_link_action=warn                             | warn    redirect scanned
 5 | page suspicious damaged               |                                                     | block   redirect scanned
 6 | page damaged                          |                                                     | release redirect scanned
 6 | page unsupported                      |                                                     | release redirect scanned
 6 | page limit                            |                                                     | block   redirect scanned
 6 | page limit coverage:none              |                                                     | block   redirect scanned
 6 | page coverage:none                    |                                                     | block   redirect scanned
 6 | page password                         |                                                     | warn    redirect scanned
 6 | page damaged password                 |                                                     | warn    redirect scanned
 6 | page damaged unsupported              | page_gap_damaged=warn page_gap_unsupported=block    | block   redirect scanned
 6 | page limit                            | page_gap_limit=release                              | release redirect scanned
 6 | page password                         | page_gap_password=block gap_password=warn           | block   redirect scanned
 7 | page                                  |                                                     | release redirect scanned
 7 | page unlisted                         | other_types=block                                   | release redirect scanned
 7 | page                                  | trigger=file_detected action=block                  | release redirect scanned
 8 | clean                                 | url_file_download=false                             | release redirect not_scanned
 8 | suspicious password limit             | url_file_download=false                             | release redirect not_scanned
 8 | coverage:none                         | url_file_download=false                             | release redirect not_scanned
 8 | unlisted                              | url_file_download=false other_types=block           | release redirect not_scanned
 9 | unlisted                              | other_types=block                                   | block   redirect scanned
 9 | unlisted suspicious limit             | other_types=pass                                    | release redirect not_scanned
14 | unlisted                              | other_types=scan                                    | release download scanned
14 | clean                                 | other_types=block                                   | release download scanned
10 | coverage:none limit                   |                                                     | block   none     scanned
10 | coverage:none suspicious              | action=warn                                         | block   none     scanned
10 | coverage:none limit                   | gap_limit=warn                                      | block   none     scanned
10 | unscanned                             |                                                     | block   none     scanned
11 | suspicious                            |                                                     | block   download scanned
11 | suspicious                            | action=warn                                         | warn    download scanned
11 | sb:suspicious                         | action=warn                                         | warn    download scanned
11 | suspicious sb:clean                   | action=sandbox                                      | warn    download scanned
11 | suspicious sb:silent                  | action=sandbox                                      | block   download scanned
11 | suspicious                            | action=sandbox                                      | block   download scanned
11 | suspicious sb:silent                  | action=sandbox on_sandbox_timeout=warn              | warn    download scanned
11 | suspicious sb:suspicious              | action=sandbox on_sandbox_timeout=warn              | block   download scanned
11 | suspicious sb:clean damaged           | action=sandbox                                      | block   download scanned
11 | suspicious sb:silent damaged          | action=sandbox on_sandbox_timeout=warn              | block   download scanned
11 | suspicious damaged                    | action=warn                                         | warn    download scanned
11 | suspicious limit                      | action=warn                                         | block   download scanned
11 | suspicious password                   | action=warn                                         | block   download scanned      password
11 | suspicious password                   | action=block                                        | block   download scanned
11 | suspicious password limit             | action=warn                                         | block   download scanned
12 | password                              |                                                     | block   download scanned      password
12 | password                              | gap_password=warn                                   | warn    download scanned
12 | password                              | gap_password=block                                  | block   download scanned
12 | password sb:clean                     | gap_password=sandbox                                | warn    download scanned
12 | password sb:silent                    | gap_password=sandbox                                | block   download scanned
12 | password                              | gap_password=sandbox on_sandbox_timeout=warn        | warn    download scanned
12 | limit                                 |                                                     | block   download scanned
12 | limit                                 | gap_limit=warn                                      | warn    download scanned
12 | limit sb:clean                        | gap_limit=sandbox                                   | warn    download scanned
12 | limit sb:silent                       | gap_limit=sandbox                                   | block   download scanned
12 | damaged                               |                                                     | warn    download scanned
12 | damaged                               | gap_damaged=block                                   | block   download scanned
12 | unsupported                           |                                                     | warn    download scanned
12 | unsupported sb:clean                  | gap_unsupported=sandbox                             | warn    download scanned
12 | damaged unsupported                   | gap_unsupported=block                               | block   download scanned
12 | password damaged                      |                                                     | block   download scanned      password
12 | password limit                        |                                                     | block   download scanned
12 | limit sb:clean                        | action=sandbox                                      | warn    download scanned
12 | limit sb:silent                       | action=sandbox                                      | block   download scanned
12 | limit                                 | action=sandbox                                      | block   download scanned
12 | damaged sb:clean                      | action=sandbox                                      | warn    download scanned
12 | password sb:clean                     | action=sandbox                                      | block   download scanned      password
12 | damaged                               | trigger=file_detected action=block                  | block   download scanned
12 | password                              | trigger=file_detected action=warn                   | block   download scanned      password
12 | limit                                 | trigger=file_detected action=warn                   | block   download scanned
12 | damaged sb:clean                      | trigger=file_detected action=sandbox                | warn    download scanned
12 | damaged sb:silent                     | trigger=file_detected action=sandbox                | block   download scanned
13 | clean                                 | trigger=file_detected action=warn                   | warn    download scanned
13 | clean                                 | trigger=file_detected action=block                  | block   download scanned
13 | clean sb:clean                        | trigger=file_detected action=sandbox                | release download scanned
13 | clean sb:silent                       | trigger=file_detected action=sandbox                | block   download scanned
13 | clean                                 | trigger=file_detected action=sandbox                | block   download scanned
13 | clean sb:silent                       | trigger=file_detected action=sandbox on_sandbox_timeout=warn | warn download scanned
11 | clean sb:suspicious                   | trigger=file_detected action=sandbox                | block   download scanned
14 | clean                                 |                                                     | release download scanned
14 | clean                                 | action=warn                                         | release download scanned
14 | clean sb:silent                       | action=sandbox                                      | release download scanned
";

fn rows() -> impl Iterator<Item = (u8, &'static str, &'static str, Vec<&'static str>)> {
    TABLE.lines().filter(|l| !l.trim().is_empty()).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        (cells[0].parse().unwrap(), cells[1], cells[2], cells[3].split_whitespace().collect())
    })
}

#[test]
fn the_whole_table() {
    for (row, f, d, expected) in rows() {
        let decision = decide(&facts(f), &definition(d));
        let word = match decision.decision {
            DecisionWord::Release => "release",
            DecisionWord::Warn => "warn",
            DecisionWord::Block => "block",
        };
        let kind = match decision.kind {
            DecisionKind::Redirect => "redirect",
            DecisionKind::Download => "download",
            DecisionKind::None => "none",
        };
        let outcome = match decision.outcome {
            Outcome::Scanned => "scanned",
            Outcome::NotScanned => "not_scanned",
            Outcome::Refused => "refused",
            Outcome::Unreachable => "unreachable",
            Outcome::TimedOut => "timed_out",
        };
        let mut got = vec![word, kind, outcome];
        got.extend(decision.remedy.map(|r| match r {
            Remedy::Password => "password",
            Remedy::Retry => "retry",
        }));
        assert_eq!((decision.row, got), (row, expected), "[{f}] under [{d}]");
    }
}

#[test]
fn every_row_of_the_table_is_there() {
    let mut seen: Vec<u8> = rows().map(|(row, ..)| row).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (1..=14).collect::<Vec<u8>>());
}

#[test]
fn cleared_exactly_for_a_download_that_is_not_blocked() {
    for (_, f, d, expected) in rows() {
        let decision = decide(&facts(f), &definition(d));
        let handed_out = expected[1] == "download" && expected[0] != "block";
        assert_eq!(decision.cleared.is_some(), handed_out, "[{f}] under [{d}]");
        assert_eq!(decision.needs_ack, handed_out && expected[0] == "warn", "[{f}] under [{d}]");
        assert_eq!(
            decision.cleared.is_some_and(|c| c.needs_ack()),
            decision.needs_ack,
            "[{f}] under [{d}]"
        );
    }
}

#[test]
fn every_decision_says_why_in_a_sentence() {
    for (row, f, d, _) in rows() {
        let decision = decide(&facts(f), &definition(d));
        let first = decision
            .reasons
            .first()
            .unwrap_or_else(|| panic!("[{f}] under [{d}] gives no reason"));
        assert!(first.id.starts_with("policy.") && first.text.ends_with('.'), "row {row}: {first:?}");
        assert!(decision.reasons.len() <= airlock_policy::MAX_REASONS);
    }
}

#[test]
fn the_sandbox_that_did_not_answer_is_named() {
    let silent = |f, d| {
        decide(&facts(f), &definition(d))
            .reasons
            .iter()
            .any(|r| r.id == "sandbox.no_answer")
    };
    assert!(silent("suspicious sb:silent", "action=sandbox"));
    assert!(silent("journal", "action=sandbox"));
    assert!(silent("limit", "gap_limit=sandbox"));
    assert!(!silent("suspicious", "action=block"));
    assert!(!silent("suspicious sb:clean", "action=sandbox"));
}

#[test]
fn findings_and_gaps_both_get_a_place_among_the_reasons() {
    let reason = |id: &str| airlock_policy::Reason {
        id: id.to_owned(),
        text: "A sentence.".to_owned(),
    };
    let mut f = facts("suspicious password");
    f.findings = (0..5).map(|i| reason(&format!("f.{i}"))).collect();
    f.unseen = vec![reason("gap.password_needed")];
    let ids: Vec<String> = decide(&f, &definition("")).reasons.into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["policy.suspicious", "f.0", "f.1", "f.2", "gap.password_needed"]);
    f.classification = facts("clean").classification;
    let ids: Vec<String> = decide(&f, &definition("")).reasons.into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["policy.password", "gap.password_needed", "f.0", "f.1", "f.2"]);
}

/// *Detonate?* after the scan: facts, definition → yes or no.
const DETONATE: &[(&str, &str, bool)] = &[
    ("clean", "", false),
    ("clean", "action=sandbox", true),
    ("suspicious", "action=sandbox", true),
    ("suspicious", "action=warn", false),
    ("malicious", "action=sandbox", false),
    ("malicious journal", "action=sandbox", false),
    ("clean unlisted", "action=sandbox other_types=scan", true),
    ("clean unlisted", "action=sandbox other_types=pass", false),
    ("clean unlisted", "action=sandbox other_types=block", false),
    ("clean journal", "action=block", true),
    ("clean outbound unlisted", "other_types=pass", true),
    ("limit", "gap_limit=sandbox", true),
    ("limit suspicious", "gap_limit=sandbox", true),
    ("password", "gap_password=sandbox", true),
    ("damaged", "gap_limit=sandbox", false),
    ("limit damaged", "gap_limit=sandbox gap_damaged=warn", true),
    ("limit damaged", "gap_limit=sandbox gap_damaged=block", false),
    ("limit password", "gap_limit=sandbox gap_password=ask", false),
    ("limit page", "gap_limit=sandbox", false),
    ("limit", "gap_limit=sandbox url_file_download=false", false),
    ("limit unlisted", "gap_limit=sandbox other_types=pass", false),
    ("clean sb:clean", "action=sandbox", false),
    ("clean sb:silent", "action=sandbox", false),
    ("clean late", "action=sandbox", false),
    ("refused", "action=sandbox", false),
    ("unreachable journal", "action=sandbox", false),
];

#[test]
fn detonate_or_decide() {
    for (f, d, expected) in DETONATE {
        assert_eq!(detonate(&facts(f), &definition(d)), *expected, "[{f}] under [{d}]");
    }
}
