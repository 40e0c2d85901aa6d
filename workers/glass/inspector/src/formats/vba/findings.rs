//! What VBA source says of itself: whether it runs alone, what it reaches, and what it hides.

use airlock_proto::Severity;

use super::calls::{self, Event};
use super::code::{Module, Statement, Token};
use crate::sink::{Found, Sink};

/// Findings of all modules together, on the file that holds the project.
pub fn of_project(modules: &[Module], sink: &mut Sink<'_, '_>) {
    if !modules.iter().any(|m| m.can_run() || !m.declares.is_empty()) {
        sink.finding(Found::new("vba.empty_project"));
        return;
    }
    let procedures = modules.iter().map(|m| m.procedures.len()).fold(0_usize, usize::saturating_add);
    let sentence = format!("It holds a VBA project with {procedures} procedures in {} modules.", modules.len());
    sink.finding(Found::new("vba.present").summary(sentence));
    if let Some(way) = calls::auto_power(modules) {
        let steps = way.steps.join(" → ");
        let sentence = format!("{steps} in {} runs by itself and reaches {}.", way.module, way.power.what);
        let severity = if way.power.sure >= 85 { Severity::Critical } else { Severity::High };
        sink.finding(
            Found::new("vba.autoexec_and_exec")
                .severity(severity)
                .confidence(way.power.sure)
                .says(&way.power.what)
                .summary(sentence),
        );
    }
}

/// Findings of one module, on its source.
pub fn of_module(module: &Module, sink: &mut Sink<'_, '_>) {
    events(module, sink);
    declares(module, sink);
    let mut fetches = Vec::new();
    let mut saves = false;
    let mut told = [false; 5];
    for statement in module.statements() {
        if sink.expired() {
            return;
        }
        fetches.extend(fetch(statement).map(|what| (statement.at, what)));
        saves |= statement.has("savetofile") || (statement.has("open") && (statement.has("binary") || statement.has("output")));
        for (place, (id, hit)) in [
            ("vba.wmi_process", process(statement)),
            ("vba.security_tamper", tamper(statement)),
            ("vba.self_modify", self_modify(statement)),
            ("vba.mac_exec", mac(statement)),
            ("vba.obfuscation", obfuscated(statement)),
        ]
        .into_iter()
        .enumerate()
        {
            if let (Some(what), Some(told)) = (hit, told.get_mut(place))
                && !*told
            {
                *told = true;
                sink.finding(Found::new(id).at(statement.at, 0).says(&what));
            }
        }
    }
    let declared = module.declares.iter().find(|d| d.real.starts_with("urldownloadto"));
    if let Some(declare) = declared {
        sink.finding(Found::new("vba.download").at(declare.at, 0).says(&declare.real));
    } else if let Some((at, what)) = fetches.first() {
        // Many honest macros ask a web service; few also write what they get to a file.
        let severity = if saves { Severity::High } else { Severity::Low };
        sink.finding(Found::new("vba.download").severity(severity).at(*at, 0).says(what));
    }
}

fn events(module: &Module, sink: &mut Sink<'_, '_>) {
    let of = |wanted: Event| {
        let mut all = module.procedures.iter().filter(|p| !p.body.is_empty());
        all.find(|p| calls::event(&p.name) == Some(wanted))
    };
    if let Some(procedure) = of(Event::OpenClose) {
        let sentence = format!("The procedure {} runs when the document opens or closes.", procedure.name);
        sink.finding(
            Found::new("vba.autoexec")
                .at(procedure.at, 0)
                .says(&procedure.name)
                .summary(sentence),
        );
    }
    if let Some(procedure) = of(Event::Control) {
        let sentence = format!("The procedure {} runs on an event of a control or sheet.", procedure.name);
        sink.finding(
            Found::new("vba.activex_event")
                .at(procedure.at, 0)
                .says(&procedure.name)
                .summary(sentence),
        );
    }
}

/// Functions that together run foreign code in the process of Office.
fn declares(module: &Module, sink: &mut Sink<'_, '_>) {
    const RUNS: &[&str] = &[
        "virtualalloc",
        "virtualallocex",
        "virtualprotect",
        "createthread",
        "createremotethread",
        "writeprocessmemory",
        "queueuserapc",
        "ntallocatevirtualmemory",
        "zwallocatevirtualmemory",
        "heapcreate",
        "rtlcreateuserthread",
        "setthreadcontext",
    ];
    if let Some(declare) = module.declares.iter().find(|d| RUNS.contains(&d.real.as_str())) {
        let sentence = format!(
            "The macro declares {} of {}, which loads code into memory.",
            declare.real, declare.library
        );
        sink.finding(
            Found::new("vba.win32_declare")
                .at(declare.at, 0)
                .says(&declare.real)
                .summary(sentence),
        );
    }
}

fn text_with(statement: &Statement, words: &[&str]) -> Option<String> {
    let text = statement.texts().find(|text| {
        let lower = text.to_lowercase();
        words.iter().any(|word| lower.contains(word))
    })?;
    Some(text.chars().take(200).collect())
}

fn word_of(statement: &Statement, words: &[&str]) -> Option<String> {
    words.iter().find(|word| statement.has(word)).map(|word| (*word).to_owned())
}

fn fetch(statement: &Statement) -> Option<String> {
    text_with(
        statement,
        &["xmlhttp", "winhttp.winhttprequest", "net.webclient", "bitsadmin", "certutil"],
    )
    .or_else(|| word_of(statement, &["xmlhttp", "xmlhttp60", "serverxmlhttp60", "winhttprequest"]))
}

fn process(statement: &Statement) -> Option<String> {
    text_with(statement, &["win32_process"]).filter(|text| !text.to_lowercase().starts_with("select"))
}

fn tamper(statement: &Statement) -> Option<String> {
    text_with(
        statement,
        &[
            "accessvbom",
            "vbawarnings",
            "disableattachmentsinpv",
            "disableinternetfilesinpv",
            "disableunsafelocationsinpv",
            "protectedview",
        ],
    )
}

fn self_modify(statement: &Statement) -> Option<String> {
    word_of(statement, &["addfromstring", "createeventproc", "insertlines", "addfromfile"])
        .or_else(|| (statement.has("vbcomponents") && statement.has("import")).then(|| "vbcomponents.import".to_owned()))
}

fn mac(statement: &Statement) -> Option<String> {
    word_of(statement, &["macscript", "applescripttask"])
}

/// Conservative: a chain of ten computed characters, or a string of 200 hexadecimal digits, in one statement.
fn obfuscated(statement: &Statement) -> Option<String> {
    let characters = statement
        .tokens
        .windows(3)
        .filter(|w| matches!(w, [Token::Word(f), Token::Mark('('), Token::Word(n)] if matches!(f.as_str(), "chr" | "chrw") && n.bytes().all(|b| b.is_ascii_digit())))
        .count();
    if characters >= 10 {
        return Some(format!("{characters} characters made by Chr in one statement"));
    }
    let hex = |text: &&str| text.len() >= 200 && text.bytes().all(|b| b.is_ascii_hexdigit()) && text.bytes().any(|b| b.is_ascii_digit());
    statement.texts().find(hex).map(|text| text.chars().take(80).collect())
}
