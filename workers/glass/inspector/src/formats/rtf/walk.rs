//! Groups and destinations of RTF: collects objects, pictures and text, and notes what only attackers write.

use airlock_proto::Severity;

use super::data::{Collector, Kind, Object};
use super::fields::Open;
use super::prose::Prose;
use super::tokens::{Token, Tokens};
use crate::formats::vba;
use crate::found::{Found, keep_gravest};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Skip,
    Fonts,
    Data,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    place: Place,
    /// `\*` was the first thing in it.
    starred: bool,
    /// Characters to skip after `\u`.
    uc: usize,
}

/// Groups that are kept apart; deeper ones count as one.
const MAX_DEPTH: usize = 10_000;
/// Data inside of data.
const MAX_COLLECTORS: usize = 32;
/// More fonts than Word's own count holds (CVE-2023-21716).
const MAX_FONTS: usize = 32_767;
/// Findings of one document; further ones are left out, the gravest are kept.
const MAX_FOUND: usize = 64;
/// The longest control word that Word reads, in letters.
const MAX_WORD: usize = 254;

/// One pass over a document.
pub struct Walk<'a> {
    tokens: Tokens<'a>,
    groups: Vec<Group>,
    /// Groups deeper than [`MAX_DEPTH`].
    deeper: usize,
    collectors: Vec<Collector>,
    class: String,
    skip: usize,
    fonts: usize,
    steps: u64,
    told: Vec<&'static str>,
    fields: Open,
    /// The time was over before the end.
    pub expired: bool,
    /// Data that stood deeper within other data than is collected.
    pub lost: usize,
    /// What was found, in order.
    pub found: Vec<Found>,
    /// The text so far.
    pub prose: Prose,
}

impl<'a> Walk<'a> {
    /// A walk from the opening brace at `begin`.
    pub fn new(bytes: &'a [u8], begin: usize) -> Self {
        Walk {
            tokens: Tokens::new(bytes, begin),
            groups: vec![Group {
                place: Place::Text,
                starred: false,
                uc: 1,
            }],
            deeper: 0,
            collectors: Vec::new(),
            class: String::new(),
            skip: 0,
            fonts: 0,
            steps: 0,
            told: Vec::new(),
            fields: Open::default(),
            expired: false,
            lost: 0,
            found: Vec::new(),
            prose: Prose::default(),
        }
    }

    /// Goes on to the end of the next object or picture; `None` at the end of the document.
    pub fn next_object(&mut self, expired: &dyn Fn() -> bool) -> Option<Object> {
        while let Some(token) = self.tokens.next() {
            self.steps = self.steps.wrapping_add(1);
            if self.steps.trailing_zeros() >= 16 && expired() {
                self.expired = true;
                break;
            }
            match token {
                Token::Open => self.open(),
                Token::Close => {
                    if let Some(object) = self.close() {
                        return Some(object);
                    }
                }
                Token::Word(word, number) => self.word(word, number),
                Token::Symbol(symbol) => self.symbol(symbol),
                Token::Byte(byte) => self.byte(byte),
                Token::Text(text) => self.plain(text),
            }
        }
        // What is still open at the end of the file is as good as closed.
        while let Some(collector) = self.collectors.pop() {
            if let Some(object) = self.finish(collector) {
                return Some(object);
            }
        }
        let mut ended = Vec::new();
        self.fields.finish(&mut self.prose, &mut ended);
        self.judged(ended);
        None
    }

    fn group(&self) -> Group {
        self.groups.last().copied().unwrap_or(Group {
            place: Place::Text,
            starred: false,
            uc: 1,
        })
    }

    fn set(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.last_mut() {
            change(group);
        }
    }

    fn tell(&mut self, id: &'static str, make: impl FnOnce(Found) -> Found) {
        if !self.told.contains(&id) {
            self.told.push(id);
            self.found.push(make(Found::new(id).at(self.tokens.at, 0)));
        }
    }

    fn open(&mut self) {
        self.inside_object("a group");
        self.skip = 0;
        if self.groups.len() >= MAX_DEPTH {
            self.deeper = self.deeper.saturating_add(1);
            return;
        }
        let mut group = self.group();
        group.starred = false;
        self.groups.push(group);
    }

    fn close(&mut self) -> Option<Object> {
        self.skip = 0;
        if self.deeper > 0 {
            self.deeper = self.deeper.saturating_sub(1);
            return None;
        }
        if self.groups.len() > 1 {
            self.groups.pop();
        }
        let mut ended = Vec::new();
        self.fields.close(self.groups.len(), &mut self.prose, &mut ended);
        self.judged(ended);
        let ended = self.collectors.last().is_some_and(|c| c.depth > self.groups.len());
        let collector = if ended { self.collectors.pop() } else { None };
        collector.and_then(|c| self.finish(c))
    }

    fn finish(&mut self, collector: Collector) -> Option<Object> {
        let Collector { kind, at, bytes, .. } = collector;
        let text = || self.prose.decode(&bytes).trim().to_owned();
        match kind {
            Kind::Class => self.class = text(),
            Kind::Template => {
                let target = text();
                if super::remote(&target) {
                    let sentence = format!("It loads its template from {target}.");
                    self.tell("rtf.remote_template", |found| found.says(&target).summary(sentence));
                }
            }
            Kind::Object | Kind::Picture if !bytes.is_empty() => {
                return Some(Object {
                    picture: kind == Kind::Picture,
                    at,
                    bytes,
                    class: std::mem::take(&mut self.class),
                });
            }
            Kind::Object | Kind::Picture => {}
        }
        None
    }

    fn begin(&mut self, kind: Kind) {
        // The same word twice in one group goes on with the same data.
        let depth = self.groups.len();
        let again = self.collectors.last().is_some_and(|c| c.kind == kind && c.depth == depth);
        if again {
            return;
        }
        if self.collectors.len() >= MAX_COLLECTORS {
            self.lost = self.lost.saturating_add(1);
            self.set(|group| group.place = Place::Skip);
            return;
        }
        self.collectors.push(Collector::new(kind, depth, self.tokens.at));
        self.set(|group| group.place = Place::Data);
    }

    /// Nothing but digits belongs into the data of an object.
    fn inside_object(&mut self, what: &str) {
        let object = self.collectors.last().is_some_and(|c| c.kind == Kind::Object);
        if object && self.group().place == Place::Data {
            let sentence = format!("The data of an RTF object has {what} in it, which only hides it from scanners.");
            self.tell("rtf.objdata_obfuscated", |found| found.says(what).summary(sentence));
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let starred = self.group().starred;
        self.set(|group| group.starred = false);
        if word.len() > MAX_WORD {
            self.tell("rtf.bin_trick", |found| found.summary("A control word is longer than Word reads."));
        }
        if word != b"bin" && word != b"objdata" {
            self.inside_object("a control word");
        }
        match word {
            b"objdata" => self.begin(Kind::Object),
            b"pict" => self.begin(Kind::Picture),
            b"template" => self.begin(Kind::Template),
            b"objclass" => self.begin(Kind::Class),
            b"bin" => self.binary(number),
            b"objupdate" => self.tell("rtf.objupdate", |found| found),
            b"objautlink" => self.tell("rtf.objupdate", |found| {
                found
                    .severity(Severity::Low)
                    .summary("An RTF document links to an object that is updated by itself.")
            }),
            b"fonttbl" => self.set(|group| group.place = Place::Fonts),
            b"colortbl" | b"stylesheet" | b"listtable" | b"rsidtbl" | b"themedata" | b"colorschememapping" | b"latentstyles" => {
                self.set(|group| group.place = Place::Skip);
            }
            b"f" if self.group().place == Place::Fonts => {
                self.fonts = self.fonts.saturating_add(1);
                if self.fonts > MAX_FONTS {
                    self.tell("rtf.font_overflow", |found| found);
                }
            }
            b"ansicpg" => {
                let codepage = number.and_then(|n| u16::try_from(n).ok()).unwrap_or_default();
                self.prose.encoding = vba::encoding(codepage);
            }
            b"mac" => self.prose.encoding = encoding_rs::MACINTOSH,
            b"uc" => {
                let uc = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16);
                self.set(|group| group.uc = uc);
            }
            b"u" => self.unicode(number.unwrap_or_default()),
            b"par" | b"line" | b"row" | b"sect" | b"page" => self.letter('\n'),
            b"tab" | b"cell" => self.letter('\t'),
            b"fldinst" => self.begin_field(),
            b"shpinst" | b"shptxt" | b"footnote" | b"annotation" | b"header" | b"footer" => self.set_text(),
            _ if starred => self.set(|group| group.place = Place::Skip),
            _ => {}
        }
    }

    /// What is skipped otherwise is text here.
    fn set_text(&mut self) {
        if self.group().place == Place::Skip {
            self.set(|group| group.place = Place::Text);
        }
    }

    fn begin_field(&mut self) {
        self.set_text();
        let mut ended = Vec::new();
        self.fields.begin(self.groups.len(), &mut self.prose, &mut ended);
        self.judged(ended);
    }

    /// What instructions do, however they were cut to pieces and spelled.
    fn judged(&mut self, fields: Vec<Found>) {
        for found in fields {
            self.found.push(found.at(self.tokens.at, 0));
            keep_gravest(&mut self.found, MAX_FOUND);
        }
    }

    fn binary(&mut self, number: Option<i64>) {
        let length = number.unwrap_or_default();
        if length < 0 || number.is_none() {
            self.tell("rtf.bin_trick", |found| {
                found.summary("Binary data has no length or a negative one.")
            });
            return;
        }
        let Some(raw) = self.tokens.raw(length) else {
            // Nobody can have meant it; what follows is read as if it were not there.
            self.tell("rtf.bin_trick", |found| {
                found.summary("Binary data claims to be longer than the file.")
            });
            return;
        };
        if let Some(collector) = self.data() {
            collector.raw(raw);
            if length == 0 {
                self.tell("rtf.bin_trick", |found| {
                    found.summary("Binary data without a byte stands among digits.")
                });
            }
        }
    }

    /// The data that is being collected here.
    fn data(&mut self) -> Option<&mut Collector> {
        if self.group().place != Place::Data {
            return None;
        }
        self.collectors.last_mut()
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'*' => self.set(|group| group.starred = true),
            b'\\' | b'{' | b'}' => self.plain(&[symbol]),
            b'~' => self.letter('\u{a0}'),
            b'\r' | b'\n' => self.letter('\n'),
            _ => self.inside_object("a control symbol"),
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip = self.skip.saturating_sub(1);
            return;
        }
        self.inside_object("an escaped character");
        match self.group().place {
            Place::Text => self.prose.push(&[byte]),
            Place::Data => {
                if let Some(collector) = self.data() {
                    collector.escaped(byte);
                }
            }
            Place::Skip | Place::Fonts => {}
        }
    }

    fn plain(&mut self, text: &[u8]) {
        let over = self.skip.min(text.len());
        self.skip = self.skip.saturating_sub(over);
        let text = text.get(over..).unwrap_or_default();
        match self.group().place {
            Place::Text => self.prose.push(text),
            Place::Data => self.digits(text),
            Place::Skip | Place::Fonts => {}
        }
    }

    fn digits(&mut self, text: &[u8]) {
        let odd = self.data().is_some_and(|collector| collector.text(text));
        if odd {
            self.inside_object("something else than digits");
        }
    }

    fn unicode(&mut self, number: i64) {
        // Negative numbers are those above 32,767 (RTF 1.9.1, Unicode RTF).
        let unit = u16::try_from(number.rem_euclid(65_536)).unwrap_or_default();
        self.skip = self.group().uc;
        if let Place::Text = self.group().place {
            self.prose.unit(unit);
        } else if let Some(collector) = self.data() {
            collector.unit(unit);
        }
    }

    fn letter(&mut self, letter: char) {
        if self.group().place == Place::Text {
            self.prose.letter(letter);
        }
    }
}
