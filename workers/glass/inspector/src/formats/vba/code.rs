//! VBA source as statements: comments gone, strings apart from words, procedures by name (MS-VBAL 3.3, 5.3.1).

/// Bytes of one module that are parsed; the rules see all of it.
pub const MAX_PARSED: usize = 2 * 1024 * 1024;

/// One token of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name, keyword or number, in lowercase.
    Word(String),
    /// The content of a string.
    Text(String),
    /// Anything else.
    Mark(char),
}

impl Token {
    /// The name or keyword; empty for other tokens.
    pub fn word(&self) -> &str {
        match self {
            Token::Word(word) => word,
            _ => "",
        }
    }
}

/// One statement and where its line stands in the source.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Offset of its line in bytes.
    pub at: usize,
    /// Its tokens, at least one.
    pub tokens: Vec<Token>,
}

impl Statement {
    /// The word at a place; empty when there is none.
    pub fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", Token::word)
    }

    /// True when one of its tokens is this word.
    pub fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|t| t.word() == word)
    }

    /// Its strings.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|t| match t {
            Token::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// One procedure with the statements of its body.
#[derive(Debug, Clone)]
pub struct Procedure {
    /// Name in lowercase.
    pub name: String,
    /// Offset of its first line in bytes.
    pub at: usize,
    /// Its body.
    pub body: Vec<Statement>,
}

/// A function of a library (MS-VBAL 5.2.3.5).
#[derive(Debug, Clone)]
pub struct Declare {
    /// Name in this module, in lowercase.
    pub name: String,
    /// Name in the library, in lowercase.
    pub real: String,
    /// Library, in lowercase.
    pub library: String,
    /// Offset of its line in bytes.
    pub at: usize,
}

/// One module.
#[derive(Debug, Clone)]
pub struct Module {
    /// Name, for the report.
    pub name: String,
    /// Its procedures in order.
    pub procedures: Vec<Procedure>,
    /// Its declarations of library functions.
    pub declares: Vec<Declare>,
    /// Statements outside of procedures that are neither attributes nor options.
    pub outside: Vec<Statement>,
}

impl Module {
    /// Parses source; never fails, because what does not parse does not run either.
    pub fn parse(name: &str, source: &str) -> Self {
        let mut module = Module {
            name: name.to_owned(),
            procedures: Vec::new(),
            declares: Vec::new(),
            outside: Vec::new(),
        };
        let mut open: Option<Procedure> = None;
        for statement in statements(source) {
            if let Some(declare) = declare(&statement) {
                module.declares.push(declare);
            } else if let Some(name) = header(&statement) {
                module.procedures.extend(open.take());
                open = Some(Procedure {
                    name,
                    at: statement.at,
                    body: Vec::new(),
                });
            } else if statement.word(0) == "end" && matches!(statement.word(1), "sub" | "function" | "property") {
                module.procedures.extend(open.take());
            } else if matches!(statement.word(0), "attribute" | "option") {
                // Neither does anything.
            } else if let Some(procedure) = open.as_mut() {
                procedure.body.push(statement);
            } else {
                module.outside.push(statement);
            }
        }
        module.procedures.extend(open);
        module
    }

    /// Everything that it says, procedures first.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.procedures.iter().flat_map(|p| &p.body).chain(&self.outside)
    }

    /// True when it has a line that can run.
    pub fn can_run(&self) -> bool {
        self.procedures.iter().any(|p| !p.body.is_empty())
    }
}

fn statements(source: &str) -> Vec<Statement> {
    let mut out = Vec::new();
    let mut scanner = Scanner { rest: source, at: 0 };
    while scanner.at < MAX_PARSED && !scanner.rest.is_empty() {
        let at = scanner.at;
        let mut tokens = Vec::new();
        while let Some(token) = scanner.next() {
            match token {
                Next::Token(token) => tokens.push(token),
                Next::Cut => cut(&mut out, at, &mut tokens),
            }
        }
        cut(&mut out, at, &mut tokens);
    }
    out
}

fn cut(out: &mut Vec<Statement>, at: usize, tokens: &mut Vec<Token>) {
    if !tokens.is_empty() {
        out.push(Statement {
            at,
            tokens: std::mem::take(tokens),
        });
    }
}

enum Next {
    Token(Token),
    /// A colon between two statements.
    Cut,
}

struct Scanner<'s> {
    rest: &'s str,
    at: usize,
}

impl Scanner<'_> {
    /// The next token of this line; `None` at its end, which is consumed.
    fn next(&mut self) -> Option<Next> {
        loop {
            let c = self.rest.chars().next()?;
            match c {
                '\n' => {
                    self.skip(1);
                    return None;
                }
                '\'' => self.comment(),
                '_' if self.continues() => self.comment_to_next(),
                '"' => return Some(Next::Token(Token::Text(self.text()))),
                ':' if !self.rest.starts_with(":=") => {
                    self.skip(1);
                    return Some(Next::Cut);
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let word = self.word();
                    if word != "rem" {
                        return Some(Next::Token(Token::Word(word)));
                    }
                    self.comment();
                }
                c if c.is_whitespace() => self.skip(c.len_utf8()),
                c => {
                    self.skip(c.len_utf8());
                    return Some(Next::Token(Token::Mark(c)));
                }
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
        self.at = self.at.saturating_add(bytes);
    }

    fn comment(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let continued = self.rest.get(..end).is_some_and(|line| line.trim_end().ends_with(" _"));
        self.skip(end);
        if continued {
            self.skip(1);
            self.comment();
        }
    }

    /// An underscore at the end of a line joins the next one to it.
    fn continues(&self) -> bool {
        let after = self.rest.get(1..).unwrap_or_default();
        after.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    fn comment_to_next(&mut self) {
        let end = self.rest.find('\n').map_or(self.rest.len(), |n| n.saturating_add(1));
        self.skip(end);
    }

    fn text(&mut self) -> String {
        let mut out = String::new();
        self.skip(1);
        loop {
            let end = self.rest.find(['"', '\n']).unwrap_or(self.rest.len());
            out.push_str(self.rest.get(..end).unwrap_or_default());
            self.skip(end);
            if !self.rest.starts_with('"') {
                return out;
            }
            self.skip(1);
            if !self.rest.starts_with('"') {
                return out;
            }
            out.push('"');
            self.skip(1);
        }
    }

    fn word(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default().to_lowercase();
        self.skip(end);
        // Type characters belong to the name: `Chr$`.
        if self.rest.starts_with(['$', '%', '&', '#', '@', '!'])
            && matches!(word.as_str(), "chr" | "chrw" | "mid" | "environ" | "strreverse")
        {
            self.skip(1);
        }
        word
    }
}

/// The name of the procedure that begins here.
fn header(statement: &Statement) -> Option<String> {
    let mut at = modifiers(statement);
    match statement.word(at) {
        "sub" | "function" => {}
        "property" => {
            at = at.saturating_add(1);
            if !matches!(statement.word(at), "get" | "let" | "set") {
                return None;
            }
        }
        _ => return None,
    }
    let name = statement.word(at.saturating_add(1));
    (!name.is_empty()).then(|| name.to_owned())
}

fn declare(statement: &Statement) -> Option<Declare> {
    let mut at = modifiers(statement);
    if statement.word(at) != "declare" {
        return None;
    }
    at = at.saturating_add(1);
    if statement.word(at) == "ptrsafe" {
        at = at.saturating_add(1);
    }
    let name = statement.word(at.saturating_add(1)).to_owned();
    let after = |word: &str| {
        let place = statement.tokens.iter().position(|t| t.word() == word)?;
        match statement.tokens.get(place.checked_add(1)?)? {
            Token::Text(text) => Some(text.to_lowercase()),
            _ => None,
        }
    };
    Some(Declare {
        real: after("alias").unwrap_or_else(|| name.clone()),
        library: after("lib").unwrap_or_default(),
        name,
        at: statement.at,
    })
}

fn modifiers(statement: &Statement) -> usize {
    let modifier = |t: &&Token| matches!(t.word(), "public" | "private" | "friend" | "static" | "global");
    statement.tokens.iter().take_while(modifier).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_continued_lines() {
        let m = Module::parse(
            "m",
            "Attribute VB_Name = \"x\"\r\nPrivate Declare PtrSafe Function f Lib \"Kernel32\" _\r\n Alias \"WinExec\" ()\r\nSub A(): x = \"it's \"\"q\"\"\": Call B ' Shell\r\nRem Shell\r\nEnd Sub\r\n' no _\r\n Sub C()\r\n",
        );
        assert_eq!(m.declares[0].real, "winexec");
        assert_eq!(m.declares[0].library, "kernel32");
        assert_eq!(m.procedures.len(), 1);
        let body = &m.procedures[0].body;
        // The empty brackets of the header come first: the header and the body share a line.
        assert_eq!(body.len(), 2, "{body:?}");
        assert_eq!(body[0].texts().collect::<Vec<_>>(), ["it's \"q\""]);
        assert!(body[1].has("b") && !body.iter().any(|s| s.has("shell")));
    }

    #[test]
    fn properties_and_modifiers_are_procedures() {
        let m = Module::parse("m", "Public Static Sub Run()\nDoIt\nEnd Sub\nProperty Get X()\nEnd Property");
        assert_eq!(m.procedures.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["run", "x"]);
        assert!(m.can_run());
        assert!(!Module::parse("m", "Attribute VB_Base = \"0\"\nOption Explicit\n").can_run());
    }
}
