//! Which procedures run by themselves, and what they reach: a call graph by name over all modules (MS-VBAL 5.3.1).

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Module, Procedure, Statement, Token};

/// How a procedure comes to run without being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The document or program opens or closes.
    OpenClose,
    /// Somebody clicks, or a control is drawn.
    Control,
}

/// The event that runs a procedure of this name (lowercase).
pub fn event(name: &str) -> Option<Event> {
    const AUTO: &[&str] = &[
        "autoexec",
        "autoopen",
        "autonew",
        "autoclose",
        "autoexit",
        "auto_open",
        "auto_close",
        "auto_activate",
        "auto_add",
        "auto_remove",
        "autorun",
        "documentopen",
        "documentbeforeclose",
        "documentchange",
        "workbook_beforeclose",
        "document_beforeclose",
    ];
    const ACTIONS: &[&str] = &["_open", "_close", "_new", "_opened"];
    const SUBJECTS: &[&str] = &["document", "workbook", "presentation", "project", "visio", "app", "oapp"];
    const CONTROLS: &[&str] = &[
        "_click",
        "_dblclick",
        "_painted",
        "_painting",
        "_layout",
        "_change",
        "_gotfocus",
        "_mousemove",
        "_mouseenter",
        "_mouseleave",
        "_mousehover",
        "_resize",
        "_afterupdate",
        "_beforeupdate",
        "_onconnecting",
        "_onconnected",
        "_statechange",
        "_documentcomplete",
        "_downloadcomplete",
        "_navigatecomplete2",
        "_beforenavigate2",
        "_titlechange",
        "_progresschange",
        "_folderchanged",
        "_setsecurelockicon",
        "_beforedropordpaste",
        "_beforedroporpaste",
        "_initialize",
        "_activate",
        "_selectionchange",
    ];
    if AUTO.contains(&name) || name.ends_with("_documentopen") || name.ends_with("_workbookopen") || name.ends_with("_presentationopen") {
        return Some(Event::OpenClose);
    }
    if let Some((subject, _)) = name.split_once('_')
        && SUBJECTS.contains(&subject)
        && ACTIONS.iter().any(|action| name.strip_prefix(subject) == Some(*action))
    {
        return Some(Event::OpenClose);
    }
    if CONTROLS.iter().any(|end| name.ends_with(end)) {
        return Some(Event::Control);
    }
    None
}

/// Something that runs a program or fetches one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// What it is (`Shell`, `CreateObject("WScript.Shell")`).
    pub what: String,
    /// How sure it is that it runs something foreign, in per cent.
    pub sure: u8,
}

/// The way from an event to a power.
#[derive(Debug, Clone)]
pub struct Way {
    /// Procedures from the event to the one that has the power, in lowercase.
    pub steps: Vec<String>,
    /// The module of the last one.
    pub module: String,
    /// What it reaches.
    pub power: Power,
}

/// The surest way from an open or close event to a power.
pub fn auto_power(modules: &[Module]) -> Option<Way> {
    let mut by_name: BTreeMap<&str, Vec<(&Module, &Procedure)>> = BTreeMap::new();
    for module in modules {
        for procedure in &module.procedures {
            by_name.entry(&procedure.name).or_default().push((module, procedure));
        }
    }
    let declared = dangerous_declares(modules);
    let mut best: Option<Way> = None;
    let roots = by_name.keys().filter(|name| event(name) == Some(Event::OpenClose));
    let mut from: BTreeMap<&str, Option<&str>> = roots.map(|name| (*name, None)).collect();
    let mut todo: Vec<&str> = from.keys().copied().collect();
    while let Some(name) = todo.pop() {
        for (module, procedure) in by_name.get(name).into_iter().flatten() {
            for statement in &procedure.body {
                if let Some(power) = power(statement, &declared)
                    && best.as_ref().is_none_or(|b| b.power.sure < power.sure)
                {
                    best = Some(Way {
                        steps: steps(&from, name),
                        module: module.name.clone(),
                        power,
                    });
                }
                for called in names(statement) {
                    if let Some((called, _)) = by_name.get_key_value(called)
                        && !from.contains_key(called)
                    {
                        from.insert(called, Some(name));
                        todo.push(called);
                    }
                }
            }
        }
    }
    best
}

fn steps(from: &BTreeMap<&str, Option<&str>>, last: &str) -> Vec<String> {
    let mut steps = vec![last.to_owned()];
    let mut at = last;
    while let Some(Some(before)) = from.get(at) {
        steps.push((*before).to_owned());
        at = before;
        if steps.len() > 32 {
            break;
        }
    }
    steps.reverse();
    steps
}

/// Names that a statement may call, those in `Run` and `OnTime` strings included.
fn names(statement: &Statement) -> impl Iterator<Item = &str> {
    let by_text = ["run", "ontime", "onkey", "callbyname", "onaction"]
        .iter()
        .any(|word| statement.has(word));
    statement.tokens.iter().filter_map(move |token| match token {
        Token::Word(word) => Some(word.as_str()),
        // Procedures are kept in lowercase, and so are most of these strings.
        Token::Text(text) if by_text => text.rsplit(['!', '.']).next(),
        _ => None,
    })
}

fn dangerous_declares(modules: &[Module]) -> BTreeSet<String> {
    let declares = modules.iter().flat_map(|m| &m.declares);
    declares.filter(|d| dangerous_function(&d.real)).map(|d| d.name.clone()).collect()
}

/// Functions of the system that run, load or fetch programs.
fn dangerous_function(real: &str) -> bool {
    const NAMES: &[&str] = &[
        "shellexecute",
        "winexec",
        "createprocess",
        "urldownloadtofile",
        "urldownloadtocachefile",
        "virtualalloc",
        "virtualallocex",
        "virtualprotect",
        "createthread",
        "createremotethread",
        "writeprocessmemory",
        "ntallocatevirtualmemory",
        "loadlibrary",
        "queueuserapc",
        "system",
        "popen",
        "execve",
        "internetopenurl",
        "httpopenrequest",
        "heapcreate",
        "setwindowshookex",
        "certenumsystemstore",
        "enumsystemlocales",
        "enumtimeformats",
        "enumdateformats",
        "dllcall",
    ];
    let real = real.trim_end_matches(|c: char| c == '#' || c.is_ascii_digit());
    let plain = real.strip_suffix(['a', 'w']).unwrap_or(real);
    NAMES.contains(&real) || NAMES.contains(&plain) || NAMES.iter().any(|n| real == format!("{n}exa") || real == format!("{n}exw"))
}

/// What a statement can do to the machine.
pub fn power(statement: &Statement, declared: &BTreeSet<String>) -> Option<Power> {
    let mut best: Option<Power> = None;
    for (at, token) in statement.tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| statement.tokens.get(b));
        let member = before == Some(&Token::Mark('.'));
        let after = statement.tokens.get(at.saturating_add(1));
        let called = match token.word() {
            "" => None,
            "shell" if is_call(after) && (!member || qualified(statement, at)) => Some(sure("Shell", 90)),
            "createobject" | "getobject" => object(statement, at, token.word()),
            "shellexecute" if member => Some(sure("ShellExecute", 90)),
            "macscript" | "applescripttask" => Some(sure("an AppleScript", 85)),
            "wshshell" | "wshshellclass" => Some(sure("WshShell", 85)),
            "executeexcel4macro" => Some(sure("ExecuteExcel4Macro", 50)),
            "callbyname" => Some(sure("CallByName", 50)),
            "followhyperlink" => Some(sure("FollowHyperlink", 50)),
            word if declared.contains(word) => Some(sure(word, 90)),
            _ => None,
        };
        if let Some(called) = called
            && best.as_ref().is_none_or(|b| b.sure < called.sure)
        {
            best = Some(called);
        }
    }
    best
}

fn sure(what: &str, percent: u8) -> Power {
    Power {
        what: what.to_owned(),
        sure: percent,
    }
}

/// `Shell x`, `Shell(x)` and `Shell "x"` call it; `Shell = 1`, `Shell As` and `Shell,` do not.
fn is_call(after: Option<&Token>) -> bool {
    match after {
        Some(Token::Text(_)) => true,
        Some(Token::Mark(c)) => *c == '(',
        Some(Token::Word(word)) => !matches!(word.as_str(), "as" | "then" | "and" | "or" | "to"),
        None => false,
    }
}

/// `VBA.Shell` and `Interaction.Shell` are the function itself.
fn qualified(statement: &Statement, at: usize) -> bool {
    at.checked_sub(2)
        .is_some_and(|b| matches!(statement.word(b), "vba" | "interaction"))
}

fn object(statement: &Statement, at: usize, function: &str) -> Option<Power> {
    let mut rest = statement.tokens.get(at.saturating_add(1)..).unwrap_or_default().iter();
    let first = rest.find(|t| !matches!(t, Token::Mark('(' | ',')))?;
    let Token::Text(class) = first else {
        // A name that is computed is hidden; `GetObject(path)` opens a document as well.
        let percent = if function == "createobject" { 85 } else { 50 };
        return Some(sure(&format!("{function} with a computed name"), percent));
    };
    let joined = rest.next() == Some(&Token::Mark('&'));
    let percent = if joined { 85 } else { class_power(&class.to_lowercase())? };
    Some(sure(&format!("{function}(\"{class}\")"), percent))
}

/// How sure a class of objects means that something foreign runs; `None` for those that documents need.
fn class_power(class: &str) -> Option<u8> {
    const RUNS: &[&str] = &[
        "wscript.shell",
        "shell.application",
        "scriptcontrol",
        "msscriptcontrol",
        "schedule.service",
        "mmc20",
        "new:",
        "winmgmts:",
        "wbemscripting",
        "script:",
        "http:",
        "https:",
        "powershell",
    ];
    const FETCHES: &[&str] = &["xmlhttp", "winhttp", "adodb.stream", "htmlfile", "internetexplorer", "system."];
    const PLAIN: &[&str] = &[
        "scripting.",
        "excel.",
        "word.",
        "outlook.",
        "powerpoint.",
        "access.",
        "adodb.",
        "adox.",
        "dao.",
        "vbscript.regexp",
        "msxml2.dom",
        "microsoft.xmldom",
        "wscript.network",
        "msforms",
        "forms.",
        "mscomdlg",
        "visio.",
        "msproject.",
        "publisher.",
        "acroexch",
        "sapgui",
        "sap.",
        "matlab.",
        "autocad.",
        "notes.",
        "lotus.",
        "com.sun.star",
        "ksoapi",
        "mssoap",
    ];
    if RUNS.iter().any(|word| class.starts_with(word)) {
        return Some(88);
    }
    if FETCHES.iter().any(|word| class.contains(word)) {
        return Some(65);
    }
    if PLAIN.iter().any(|word| class.starts_with(word)) {
        return None;
    }
    Some(40)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(source: &str) -> Option<Way> {
        auto_power(&[Module::parse("m", source)])
    }

    #[test]
    fn an_event_that_reaches_shell_through_another_procedure() {
        let found = way("Sub Workbook_Open()\nCall Two\nEnd Sub\nSub Two()\nx = Shell(\"calc\")\nEnd Sub").unwrap();
        assert_eq!(found.steps, ["workbook_open", "two"]);
        assert_eq!(found.power.sure, 90);
        assert!(way("Sub Workbook_Open()\nMsgBox \"Shell\"\nEnd Sub\nSub Two()\nShell \"calc\"\nEnd Sub").is_none());
        assert!(way("Sub Button1_Click()\nShell \"calc\"\nEnd Sub").is_none());
    }

    #[test]
    fn objects_are_weighed_by_class() {
        let of = |class: &str| way(&format!("Sub AutoOpen()\nSet x = CreateObject({class})\nEnd Sub")).map(|w| w.power.sure);
        assert_eq!(of("\"Scripting.Dictionary\""), None);
        assert_eq!(of("\"WScript.Shell\""), Some(88));
        assert_eq!(of("\"WScr\" & x"), Some(85));
        assert_eq!(of("Name"), Some(85));
    }

    #[test]
    fn declared_functions_count_when_they_run_something() {
        let found = |name: &str| {
            way(&format!(
                "Private Declare Function a Lib \"x\" Alias \"{name}\" ()\nSub Document_Open()\na 1\nEnd Sub"
            ))
            .is_some()
        };
        assert!(found("ShellExecuteA"));
        assert!(found("WinExec"));
        assert!(!found("GetTickCount"));
    }
}
