//! Worse facts never give a milder decision: exhaustively over all consistent facts for every setting that matters to
//! them, and by random definitions over everything.

mod support;

use airlock_policy::{
    Action, DecisionWord, Definition, Facts, GapCell, GapClasses, OtherTypes, PageCell, PasswordCell, Remedy, Route, Sandbox,
    SandboxTimeout, Trigger, Unchecked, UnsafeLink, decide,
};
use airlock_proto::{Classification, Coverage, Delivery, FetchOutcome};
use proptest::prelude::*;
use proptest::sample::select;

const CLASSES: [Classification; 3] = [Classification::Clean, Classification::Suspicious, Classification::Malicious];
const SANDBOXES: [Sandbox; 5] = [
    Sandbox::Clean,
    Sandbox::NotAsked,
    Sandbox::Inconclusive,
    Sandbox::Suspicious,
    Sandbox::Malicious,
];
const ROUTES: [Route; 3] = [Route::Inbound, Route::Outbound, Route::Journal];
const GAP_CELLS: [GapCell; 3] = [GapCell::Warn, GapCell::Sandbox, GapCell::Block];
const PAGE_CELLS: [PageCell; 3] = [PageCell::Release, PageCell::Warn, PageCell::Block];
const PASSWORD_CELLS: [PasswordCell; 4] = [PasswordCell::Ask, PasswordCell::Warn, PasswordCell::Sandbox, PasswordCell::Block];
const ACTIONS: [Action; 3] = [Action::Block, Action::Warn, Action::Sandbox];
const TRIGGERS: [Trigger; 2] = [Trigger::ThreatDetected, Trigger::FileDetected];
const TIMEOUTS: [SandboxTimeout; 2] = [SandboxTimeout::Block, SandboxTimeout::Warn];
const OTHERS: [OtherTypes; 3] = [OtherTypes::Scan, OtherTypes::Block, OtherTypes::Pass];

/// Release 0, warn 1, ask 2, block 3.
fn strictness(facts: &Facts, definition: &Definition) -> u8 {
    let decision = decide(facts, definition);
    match (decision.decision, decision.remedy) {
        (DecisionWord::Release, _) => 0,
        (DecisionWord::Warn, _) => 1,
        (DecisionWord::Block, Some(Remedy::Password)) => 2,
        (DecisionWord::Block, _) => 3,
    }
}

fn sandbox_rank(sandbox: Sandbox) -> u8 {
    match sandbox {
        Sandbox::Clean => 0,
        Sandbox::NotAsked | Sandbox::Inconclusive => 1,
        Sandbox::Suspicious => 2,
        Sandbox::Malicious => 3,
    }
}

/// All facts that are worse by one step; together the steps span the whole order.
fn worse(f: &Facts) -> Vec<Facts> {
    let mut all = vec![];
    for classification in CLASSES {
        if f.classification.is_some_and(|now| classification > now) {
            all.push(Facts {
                classification: Some(classification),
                ..f.clone()
            });
        }
    }
    if f.coverage != Coverage::None {
        all.push(Facts {
            classification: None,
            coverage: Coverage::None,
            ..f.clone()
        });
    }
    for bit in 0..4 {
        let mut gaps = f.gaps;
        match bit {
            0 => gaps.password = true,
            1 => gaps.limit = true,
            2 => gaps.damaged = true,
            _ => gaps.unsupported = true,
        }
        let coverage = f.coverage.max(Coverage::Partial);
        all.push(Facts {
            gaps,
            coverage,
            ..f.clone()
        });
    }
    all.push(Facts {
        coverage: Coverage::None,
        gaps: GapClasses { limit: true, ..f.gaps },
        ..f.clone()
    });
    for sandbox in SANDBOXES {
        if sandbox_rank(sandbox) >= sandbox_rank(f.sandbox) && sandbox != f.sandbox {
            all.push(Facts { sandbox, ..f.clone() });
        }
    }
    if f.classification.is_some() {
        all.push(Facts {
            deadline_passed: true,
            ..f.clone()
        });
    }
    all.push(Facts {
        fetch: FetchOutcome::Refused,
        ..f.clone()
    });
    // A scan that did not finish knows nothing: worse than a clean one in time, and not comparable with any other.
    let clean_in_time = f.classification == Some(Classification::Clean) && !f.deadline_passed;
    all.retain(|w| w.classification.is_some() || f.classification.is_none() || clean_in_time);
    all
}

/// All consistent facts of downloaded files: gaps exactly when coverage is not complete.
fn all_facts(delivery: Delivery, routes: &[Route]) -> Vec<Facts> {
    let mut all = vec![];
    for bits in 0_u8..16 {
        let gaps = GapClasses {
            password: bits & 1 > 0,
            limit: bits & 2 > 0,
            damaged: bits & 4 > 0,
            unsupported: bits & 8 > 0,
        };
        let coverages: &[Coverage] = if gaps.limit {
            &[Coverage::Partial, Coverage::None]
        } else if gaps.any() {
            &[Coverage::Partial]
        } else {
            &[Coverage::Complete]
        };
        for coverage in coverages {
            for classification in CLASSES {
                for sandbox in SANDBOXES {
                    for listed in [true, false] {
                        for deadline_passed in [false, true] {
                            for route in routes {
                                all.push(Facts {
                                    delivery,
                                    listed,
                                    deadline_passed,
                                    classification: Some(classification),
                                    gaps,
                                    coverage: *coverage,
                                    sandbox,
                                    route: *route,
                                    ..support::facts("")
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

fn check(facts: &[Facts], definition: &Definition) -> usize {
    let mut pairs = 0;
    for f in facts {
        let before = strictness(f, definition);
        for w in worse(f) {
            let after = strictness(&w, definition);
            assert!(
                after >= before,
                "{before} became {after}\nfrom {f:?}\nto {w:?}\nunder {definition:?}"
            );
            pairs += 1;
        }
    }
    pairs
}

#[test]
fn exhaustive_for_pages() {
    let facts: Vec<Facts> = all_facts(Delivery::Page, &[Route::Inbound])
        .into_iter()
        .filter(|f| f.listed)
        .collect();
    let mut pairs = 0;
    for page_gap_password in PAGE_CELLS {
        for page_gap_limit in PAGE_CELLS {
            for page_gap_damaged in PAGE_CELLS {
                for page_gap_unsupported in PAGE_CELLS {
                    for unsafe_link_action in [UnsafeLink::Block, UnsafeLink::Warn] {
                        for unchecked in [Unchecked::Block, Unchecked::Warn] {
                            let definition = Definition {
                                page_gap_password,
                                page_gap_limit,
                                page_gap_damaged,
                                page_gap_unsupported,
                                unsafe_link_action,
                                unchecked,
                                ..Definition::default()
                            };
                            pairs += check(&facts, &definition);
                        }
                    }
                }
            }
        }
    }
    assert!(pairs > 1_000_000, "{pairs}");
}

#[test]
fn exhaustive_for_downloads() {
    let facts: Vec<Facts> = all_facts(Delivery::Download, &[Route::Inbound])
        .into_iter()
        .filter(|f| f.listed && !f.deadline_passed)
        .collect();
    let mut pairs = 0;
    for definition in download_definitions() {
        pairs += check(&facts, &definition);
    }
    assert!(pairs > 1_000_000, "{pairs}");
}

#[test]
fn a_gap_is_never_silently_clean() {
    let facts: Vec<Facts> = all_facts(Delivery::Download, &[Route::Inbound])
        .into_iter()
        .filter(|f| f.gaps.any())
        .collect();
    for definition in download_definitions() {
        for f in &facts {
            assert_ne!(
                decide(f, &definition).decision,
                DecisionWord::Release,
                "{f:?}\nunder {definition:?}"
            );
        }
    }
}

fn download_definitions() -> Vec<Definition> {
    let mut all = vec![];
    for gap_password in PASSWORD_CELLS {
        for gap_limit in GAP_CELLS {
            for gap_damaged in GAP_CELLS {
                for gap_unsupported in GAP_CELLS {
                    for action in ACTIONS {
                        for trigger in TRIGGERS {
                            for on_sandbox_timeout in TIMEOUTS {
                                all.push(Definition {
                                    gap_password,
                                    gap_limit,
                                    gap_damaged,
                                    gap_unsupported,
                                    action,
                                    trigger,
                                    on_sandbox_timeout,
                                    ..Definition::default()
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn exhaustive_for_the_early_rows() {
    let mut facts = all_facts(Delivery::Download, &ROUTES);
    facts.extend(all_facts(Delivery::Page, &ROUTES));
    for url_file_download in [true, false] {
        for other_types in OTHERS {
            for unchecked in [Unchecked::Block, Unchecked::Warn] {
                for action in ACTIONS {
                    check(
                        &facts,
                        &Definition {
                            url_file_download,
                            other_types,
                            unchecked,
                            action,
                            ..Definition::default()
                        },
                    );
                }
            }
        }
    }
}

/// A stricter cell never gives a milder decision either, for the cells that stand in an order.
#[test]
fn a_stricter_timeout_or_page_cell_is_never_milder() {
    let facts: Vec<Facts> = all_facts(Delivery::Download, &ROUTES)
        .into_iter()
        .chain(all_facts(Delivery::Page, &ROUTES))
        .collect();
    for action in ACTIONS {
        for trigger in TRIGGERS {
            let mild = Definition {
                action,
                trigger,
                on_sandbox_timeout: SandboxTimeout::Warn,
                unchecked: Unchecked::Warn,
                unsafe_link_action: UnsafeLink::Warn,
                page_gap_limit: PageCell::Warn,
                ..Definition::default()
            };
            let strict = Definition {
                on_sandbox_timeout: SandboxTimeout::Block,
                unchecked: Unchecked::Block,
                unsafe_link_action: UnsafeLink::Block,
                page_gap_limit: PageCell::Block,
                ..mild.clone()
            };
            for f in &facts {
                assert!(strictness(f, &strict) >= strictness(f, &mild), "{f:?}\nunder {mild:?}");
            }
        }
    }
}

fn definitions() -> impl Strategy<Value = Definition> {
    let page = || select(&PAGE_CELLS[..]);
    let gap = || select(&GAP_CELLS[..]);
    let first = (
        any::<bool>(),
        select(&TRIGGERS[..]),
        select(&ACTIONS[..]),
        any::<bool>(),
        any::<bool>(),
        select(&TIMEOUTS[..]),
    );
    let second = (
        page(),
        page(),
        page(),
        page(),
        select(&OTHERS[..]),
        select(&PASSWORD_CELLS[..]),
        gap(),
        gap(),
        gap(),
    );
    (first, second).prop_map(
        |((on, trigger, action, safe, checked, timeout), (p1, p2, p3, p4, other, password, g1, g2, g3))| Definition {
            url_file_download: on,
            trigger,
            action,
            unsafe_link_action: if safe { UnsafeLink::Block } else { UnsafeLink::Warn },
            unchecked: if checked { Unchecked::Block } else { Unchecked::Warn },
            page_gap_password: p1,
            page_gap_limit: p2,
            page_gap_damaged: p3,
            page_gap_unsupported: p4,
            other_types: other,
            gap_password: password,
            gap_limit: g1,
            gap_damaged: g2,
            gap_unsupported: g3,
            on_sandbox_timeout: timeout,
            ..Definition::default()
        },
    )
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let gaps = any::<[bool; 4]>();
    let flags = any::<(bool, bool, bool, bool)>();
    (gaps, flags, select(&CLASSES[..]), select(&SANDBOXES[..]), select(&ROUTES[..])).prop_map(
        |([password, limit, damaged, unsupported], (late, listed, page, none), classification, sandbox, route)| {
            let gaps = GapClasses {
                password,
                limit,
                damaged,
                unsupported,
            };
            let coverage = match (gaps.any(), limit && none) {
                (_, true) => Coverage::None,
                (true, _) => Coverage::Partial,
                (false, _) => Coverage::Complete,
            };
            Facts {
                deadline_passed: late,
                delivery: if page { Delivery::Page } else { Delivery::Download },
                listed,
                classification: Some(classification),
                gaps,
                coverage,
                sandbox,
                route,
                ..support::facts("")
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn worse_facts_are_never_milder(f in any_facts(), d in definitions()) {
        check(&[f], &d);
    }

    #[test]
    fn worse_by_many_steps_is_never_milder(f in any_facts(), d in definitions(), steps in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let mut end = f.clone();
        for step in steps {
            let next = worse(&end);
            if !next.is_empty() {
                end = next[step.index(next.len())].clone();
            }
        }
        prop_assert!(strictness(&end, &d) >= strictness(&f, &d), "from {f:?}\nto {end:?}");
    }

    #[test]
    fn malicious_is_always_blocked(f in any_facts(), d in definitions(), by_sandbox in any::<bool>()) {
        let f = if by_sandbox {
            Facts { sandbox: Sandbox::Malicious, ..f }
        } else {
            Facts { classification: Some(Classification::Malicious), ..f }
        };
        let decision = decide(&f, &d);
        prop_assert_eq!(decision.decision, DecisionWord::Block);
        prop_assert_eq!(decision.row, 3);
        prop_assert!(decision.cleared.is_none());
    }
}
