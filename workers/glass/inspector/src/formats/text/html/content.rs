//! What elements hold: text, or markup. Readers differ in it, and where they do, markup hides.
//!
//! In HTML a title or a style holds text. Within a picture or a formula, and in XML, it is an element like any other (WHATWG HTML, sections
//! 13.2.6.2 and 13.2.6.5; XML 1.0, section 3). Who decides once is deceived; a page is read in each way that sees other tags.

/// Elements that hold text in HTML.
const TEXT: &[&str] = &[
    "script",
    "style",
    "xmp",
    "noembed",
    "noframes",
    "textarea",
    "title",
    "plaintext",
    "iframe",
    "noscript",
];
/// Elements that end a picture or a formula that is open (WHATWG HTML, section 13.2.6.5).
const BREAK_OUT: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];
/// Elements of pictures and formulas that hold HTML (WHATWG HTML, section 13.2.6, integration points).
const HTML_WITHIN: &[&str] = &["foreignobject", "desc", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"];
/// Most of them that are open at once and remembered.
const MAX_WITHIN: usize = 256;

/// How a page is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Tag by tag, with little regard to where an element stands.
    #[default]
    Plain,
    /// As a browser with scripts reads HTML.
    Browser,
    /// As XML, where only a script and a style are taken for text, which quotes markup more often than it holds some.
    Xml,
}

/// What the element holds that was just opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// What this reading says of it without regard to its place.
    AsEver,
    /// Markup, though it holds text elsewhere.
    Markup,
    /// Text, for it stands in HTML.
    Text,
}

/// Where in a page the reader is.
#[derive(Debug, Default)]
pub(super) struct Content {
    reading: Reading,
    /// Pictures and formulas that are open, around the innermost piece of HTML.
    foreign: usize,
    /// The same outside of each piece of HTML within them.
    outer: Vec<usize>,
    browser_differs: bool,
    xml_differs: bool,
}

impl Content {
    /// At the beginning of a page.
    pub(super) fn of(reading: Reading) -> Self {
        Content {
            reading,
            ..Content::default()
        }
    }

    /// The readings that may see other tags than the plain one did.
    pub(super) fn others(&self) -> impl Iterator<Item = Reading> + use<> {
        let browser = self.browser_differs.then_some(Reading::Browser);
        browser.into_iter().chain(self.xml_differs.then_some(Reading::Xml))
    }

    /// True where CDATA sections are text.
    pub(super) fn is_foreign(&self) -> bool {
        match self.reading {
            Reading::Plain => false,
            Reading::Browser => self.foreign > 0,
            Reading::Xml => true,
        }
    }

    /// An element opens.
    pub(super) fn open(&mut self, name: &str, self_closing: bool, xml: bool) -> Holds {
        if matches!(name, "svg" | "math") {
            // What stands in it, be it a title or a CDATA section, needs a reading that knows where it is.
            self.browser_differs = true;
            self.foreign = self.foreign.saturating_add(usize::from(!self_closing));
        } else if self.foreign > 0 && BREAK_OUT.contains(&name) {
            self.foreign = 0;
        } else if self.foreign > 0 && HTML_WITHIN.contains(&name) && !self_closing && self.outer.len() < MAX_WITHIN {
            self.outer.push(self.foreign);
            self.foreign = 0;
        }
        if !TEXT.contains(&name) {
            return Holds::AsEver;
        }
        self.browser_differs |= matches!(name, "iframe" | "noscript");
        self.xml_differs |= xml;
        match self.reading {
            Reading::Plain => Holds::AsEver,
            Reading::Browser if self.foreign > 0 => Holds::Markup,
            Reading::Browser => Holds::Text,
            Reading::Xml if self_closing || !matches!(name, "script" | "style") => Holds::Markup,
            Reading::Xml => Holds::AsEver,
        }
    }

    /// An element closes.
    pub(super) fn close(&mut self, name: &str) {
        if matches!(name, "svg" | "math") {
            self.foreign = self.foreign.saturating_sub(1);
        } else if HTML_WITHIN.contains(&name)
            && let Some(outer) = self.outer.pop()
        {
            self.foreign = outer;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::text::html::page::tokenize;

    #[test]
    fn what_browsers_take_for_markup_hides_nothing() {
        let asks = "<p><form action='https://e.example/'><input type=password></form>";
        for before in [
            "<svg><plaintext/></svg>",
            "<svg><plaintext></plaintext></svg>",
            "<math><title></math>",
            "<math><xmp></math>",
            "<math><script/></math>",
            "<math><script>",
            "<math><style>",
            "<svg><p><style><!--</style>",
            "<svg><p><title><a b='</title>",
            "<svg><foreignObject><style><!--</style>",
            "<svg><foreignObject></foreignObject><plaintext/></svg>",
            "<svg><![CDATA[><a title=\"]]></svg>",
            "<iframe><!-- </iframe>",
            "<noscript><a title='</noscript>",
            "<html xmlns='http://www.w3.org/1999/xhtml'><title/>",
            "<html xmlns='http://www.w3.org/1999/xhtml'><style/>",
            "<html xmlns='http://www.w3.org/1999/xhtml'><textarea/><plaintext/>",
            "<html xmlns='http://www.w3.org/1999/xhtml'><xmp>",
        ] {
            let page = tokenize(&format!("{before}{asks}"), &|| false);
            assert!(page.password_inputs > 0 && !page.forms.is_empty(), "{before}");
        }
    }

    #[test]
    fn what_is_text_everywhere_stays_text() {
        for page in [
            "<title><form></title>",
            "<script>'<form>'</script><svg></svg><script>'<form>'</script>",
            "<style><form></style><math><mi>x</mi></math>",
        ] {
            assert!(tokenize(page, &|| false).forms.is_empty(), "{page}");
        }
    }
}
