//! The page as its tokens say it: tag by tag, without a tree.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::Hash;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::conclude;
use super::content::{Content, Holds, Reading};
use super::names;

/// How much is read at once, in bytes: tendrils are limited to 4 GiB, and the clock is looked at between two of them.
const PIECE: usize = 1 << 20;

/// Most addresses that are kept of those that lead to more than a page: the first of a kind is told.
const MOST_LINKS: usize = 10_000;

/// What the tokens said.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) scripts: Vec<(String, String)>,
    /// Those of XML that are written with references, joined.
    pub(super) hidden: String,
    pub(super) srcdocs: Vec<String>,
    pub(super) data_urls: Vec<DataUrl>,
    /// Those of style attributes.
    pub(super) styled: Vec<DataUrl>,
    pub(super) text: String,
    pub(super) entities: bool,
    pub(super) in_script: Option<String>,
    /// The text names XML namespaces: a viewer may read it as XML.
    pub(super) xml: bool,
    pub(super) svg: bool,
    /// The script that is open is markup: references in it were replaced.
    pub(super) markup: bool,
    /// Pictures that are open.
    pub(super) depth: usize,
    content: Content,
    pub(super) svg_active: Option<String>,
    pub(super) foreign: bool,
    pub(super) foreign_active: Option<String>,
    pub(super) password_inputs: usize,
    pub(super) forms: Vec<String>,
    pub(super) refresh: Vec<String>,
    /// Addresses that lead to more than a page.
    pub(super) links: Vec<String>,
    pub(super) base: Option<String>,
    /// The time was over before the end of the text.
    pub(super) unread: bool,
}

/// A `data:` URL with what its element says of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DataUrl {
    /// The URL.
    pub url: String,
    /// The `download` attribute.
    pub download: Option<String>,
    /// True for links, frames and refreshes: places to which a person is sent.
    pub navigates: bool,
}

struct Collector(RefCell<Page>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => page.tag(&tag),
            Token::CharacterTokens(text) => {
                page.characters(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }

    /// A script that is markup may be CDATA. Elsewhere that would hide from a browser's eyes what it runs.
    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        let page = self.0.borrow();
        page.in_script.is_some() || page.content.is_foreign()
    }
}

/// Reads the text tag by tag; again as a browser and as an XML reader would, where they may see other tags. Stops early, and says
/// so in [`Page::unread`], when `expired` does.
pub(super) fn tokenize(text: &str, expired: &dyn Fn() -> bool) -> Page {
    let mut page = tokenize_as(text, Reading::Plain, expired);
    for reading in page.content.others() {
        page.add(tokenize_as(text, reading, expired));
    }
    if page.xml
        && let Some(named) = names::in_ascii(text)
    {
        page.add(tokenize_as(&named, Reading::Xml, expired));
    }
    page
}

fn tokenize_as(text: &str, reading: Reading, expired: &dyn Fn() -> bool) -> Page {
    let collector = Collector(RefCell::new(Page {
        entities: text.contains('&'),
        xml: text.contains("xmlns"),
        content: Content::of(reading),
        ..Page::default()
    }));
    let tokenizer = Tokenizer::new(collector, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = text;
    while !rest.is_empty() && !expired() {
        let mut end = PIECE.min(rest.len());
        while !rest.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let (piece, tail) = rest.split_at(end);
        queue.push_back(StrTendril::from_slice(piece));
        // The collector never asks for a pause, so that one call takes the piece.
        let _ = tokenizer.feed(&queue);
        rest = tail;
    }
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    page.unread = !rest.is_empty();
    page.close_script();
    page
}

impl Page {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let whole: &str = tag.name.as_ref();
        let name = if self.xml { names::local(whole) } else { whole };
        let prefixed = name.len() < whole.len();
        if tag.kind == TagKind::EndTag {
            match name {
                "script" => self.close_script(),
                "svg" => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.content.close(name);
            return TokenSinkResult::Continue;
        }
        self.attributes(name, tag);
        let holds = self.content.open(name, tag.self_closing, self.xml);
        let markup = prefixed || holds == Holds::Markup || (holds == Holds::AsEver && self.depth > 0);
        match name {
            "script" => {
                if !tag.self_closing || !markup {
                    self.in_script = Some(String::new());
                    self.markup = markup;
                    // Inside SVG and with a prefix a script is ordinary markup whose text may be CDATA.
                    if !markup {
                        return TokenSinkResult::RawData(RawKind::ScriptData);
                    }
                }
                TokenSinkResult::Continue
            }
            "svg" => {
                self.svg = true;
                self.depth = self.depth.saturating_add(usize::from(!tag.self_closing));
                TokenSinkResult::Continue
            }
            "foreignobject" => {
                self.foreign = true;
                TokenSinkResult::Continue
            }
            "style" | "xmp" | "noembed" | "noframes" if !markup => TokenSinkResult::RawData(RawKind::Rawtext),
            "iframe" | "noscript" if !markup && holds == Holds::Text => TokenSinkResult::RawData(RawKind::Rawtext),
            "textarea" | "title" if !markup => TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" if !markup => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn attributes(&mut self, element: &str, tag: &Tag) {
        let attr = |wanted: &str| tag.attrs.iter().find(|a| &*a.name.local == wanted).map(|a| a.value.to_string());
        let mut active = element == "script" || matches!(element, "iframe" | "embed" | "object" | "form");
        for attribute in &tag.attrs {
            let name: &str = attribute.name.local.as_ref();
            let value: &str = attribute.value.as_ref();
            let plain: String = value.chars().filter(|c| !c.is_ascii_control()).collect();
            let lower = plain.trim_start().get(..32).unwrap_or(plain.trim_start()).to_ascii_lowercase();
            if name.len() > 2 && name.starts_with("on") && !value.trim().is_empty() {
                self.scripts.push((format!("{element} {name}"), value.to_owned()));
                active = true;
            } else if lower.starts_with("javascript:") || lower.starts_with("vbscript:") {
                self.scripts.push((format!("{element} {name}"), plain.trim_start().to_owned()));
                active = true;
            } else if name == "style" {
                let urls = super::super::css::data_urls(value);
                self.styled.extend(urls.into_iter().map(|url| DataUrl {
                    url,
                    download: None,
                    navigates: false,
                }));
            } else if name == "srcdoc" {
                self.srcdocs.push(value.to_owned());
            } else if lower.starts_with("data:") {
                let navigates = matches!(element, "a" | "area" | "iframe" | "frame" | "embed" | "object" | "form" | "base");
                active |= lower.starts_with("data:text/html");
                self.data_urls.push(DataUrl {
                    url: plain.trim_start().to_owned(),
                    download: attr("download"),
                    navigates,
                });
            } else if let ("values" | "to" | "from", Some(at)) = (name, plain.find("data:")) {
                // An animation sets what a link leads to (SVG 2, section 19.2).
                self.data_urls.push(DataUrl {
                    url: plain.get(at..).unwrap_or_default().to_owned(),
                    download: attr("download"),
                    navigates: true,
                });
            } else if matches!(
                name,
                "href" | "src" | "action" | "data" | "xlink:href" | "formaction" | "background" | "poster"
            ) && self.links.len() < MOST_LINKS
                && conclude::is_told(&plain)
            {
                self.links.push(plain.trim().to_owned());
            }
        }
        self.forms.extend(attr("formaction"));
        match element {
            "form" => self.forms.push(attr("action").unwrap_or_default()),
            "input" if attr("type").is_some_and(|t| t.eq_ignore_ascii_case("password")) => {
                self.password_inputs = self.password_inputs.saturating_add(1)
            }
            "meta" if attr("http-equiv").is_some_and(|h| h.eq_ignore_ascii_case("refresh")) => {
                let content = attr("content").unwrap_or_default();
                let place = content.to_ascii_lowercase().find("data:").and_then(|at| content.get(at..));
                self.data_urls.extend(place.map(|url| DataUrl {
                    url: url.trim_end_matches(['\'', '"', ' ']).to_owned(),
                    download: None,
                    navigates: true,
                }));
                self.refresh.push(content);
            }
            "base" => self.base = attr("href"),
            _ => {}
        }
        if active {
            let what = format!("<{element}>");
            let inside = self.depth > 0 || element == "svg";
            if inside {
                self.svg_active.get_or_insert(what.clone());
            }
            if self.foreign && inside {
                self.foreign_active.get_or_insert(what);
            }
        }
    }

    /// What another reading of the same text saw beside this one.
    fn add(&mut self, other: Page) {
        add_new(&mut self.scripts, other.scripts);
        add_new(&mut self.data_urls, other.data_urls);
        add_new(&mut self.srcdocs, other.srcdocs);
        add_new(&mut self.styled, other.styled);
        add_new(&mut self.forms, other.forms);
        add_new(&mut self.refresh, other.refresh);
        add_new(&mut self.links, other.links);
        if other.hidden != self.hidden {
            self.hidden.push_str(&other.hidden);
        }
        self.base = self.base.take().or(other.base);
        self.password_inputs = self.password_inputs.max(other.password_inputs);
        self.unread |= other.unread;
        self.svg |= other.svg;
        self.svg_active = self.svg_active.take().or(other.svg_active);
        self.foreign_active = self.foreign_active.take().or(other.foreign_active);
        if other.text.len() > self.text.len() {
            self.text = other.text;
        }
    }

    fn characters(&mut self, text: &str) {
        match &mut self.in_script {
            Some(script) => script.push_str(text),
            None => self.text.push_str(text),
        }
    }

    fn close_script(&mut self) {
        let Some(script) = self.in_script.take().filter(|s| !s.trim().is_empty()) else {
            return;
        };
        // Read as XML, references in a script stand for characters.
        let other = (self.xml && script.contains('&')).then(|| super::super::entities::plain(&script));
        match &other {
            Some(plain) => self.hidden.push_str(plain),
            None if self.markup => self.hidden.push_str(&script),
            None => {}
        }
        self.scripts.push(("script".to_owned(), script));
        self.scripts.extend(other.map(|plain| ("script".to_owned(), plain)));
    }
}

/// Appends what is not there yet.
fn add_new<T: Eq + Hash>(to: &mut Vec<T>, from: Vec<T>) {
    let fresh: Vec<T> = {
        let seen: HashSet<&T> = to.iter().collect();
        from.into_iter().filter(|item| !seen.contains(item)).collect()
    };
    to.extend(fresh);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenize(text: &str) -> Page {
        super::tokenize(text, &|| false)
    }

    #[test]
    fn a_page_is_read_until_the_time_is_over() {
        let text = format!("<form action='/first'>{}<form action='/last'>", "<".repeat(2 * PIECE));
        let asked = std::cell::Cell::new(0);
        let page = super::tokenize(&text, &|| asked.replace(asked.get() + 1) > 0);
        assert_eq!((page.forms, page.unread), (vec!["/first".to_owned()], true));
        let page = tokenize(&text);
        assert_eq!((page.forms.len(), page.unread), (2, false));
    }

    #[test]
    fn scripts_handlers_and_urls_are_found() {
        let page = tokenize(
            "<title>a<b></title><body onload='go()'><script>var a='<p>';</script><a download=x.zip href='data:application/zip;base64,UEs='>x</a>\
             <iframe srcdoc='&lt;b&gt;'></iframe><a href=\" java\nscript:x()\">y</a>&amp;",
        );
        assert_eq!(page.scripts[0], ("body onload".into(), "go()".into()));
        assert_eq!(page.scripts[1], ("script".into(), "var a='<p>';".into()));
        assert_eq!(page.scripts[2].1, "javascript:x()");
        assert_eq!(page.srcdocs, ["<b>"]);
        assert_eq!(page.data_urls[0].download.as_deref(), Some("x.zip"));
        assert!(page.text.contains("a<b>") && page.text.ends_with('&'));
    }

    #[test]
    fn svg_scripts_are_markup_and_an_open_script_ends_with_the_file() {
        let page = tokenize("<svg><script>a &lt; b</script><rect onclick=\"x()\"/></svg>");
        assert_eq!(page.scripts[0].1, "a < b");
        assert!(page.svg_active.is_some());
        assert_eq!(tokenize("<script>never closed").scripts[0].1, "never closed");
        let cdata = tokenize("<svg><script><![CDATA[if (a > b && '</a>') x()]]></script></svg>");
        assert_eq!(cdata.scripts[0].1, "if (a > b && '</a>') x()");
    }

    #[test]
    fn names_with_a_prefix_are_what_they_are_in_xml() {
        let page = tokenize("<a:svg xmlns:a='s' onload='l()'><b:script>x(&#39;y&#39;)</b:script></a:svg>");
        assert_eq!(page.scripts[0], ("svg onload".into(), "l()".into()));
        assert_eq!(page.scripts[1].1, "x('y')");
        assert!(page.svg_active.is_some());
        let form = tokenize("<x:html xmlns:x='h'><x:form action='https://e.example/'><x:input type='password'/></x:form></x:html>");
        assert_eq!((form.password_inputs, form.forms.len()), (1, 1));
        assert!(tokenize("<x:script>y()</x:script>").scripts.is_empty());
    }

    #[test]
    fn a_script_beside_a_picture_is_none_of_it() {
        assert!(tokenize("<svg><g/></svg><script>x()</script><svg/><form>").svg_active.is_none());
        assert!(tokenize("<svg onload='x()'/>").svg_active.is_some());
    }

    #[test]
    fn addresses_of_refreshes_and_styles_are_payloads() {
        let page =
            tokenize("<meta http-equiv=Refresh content=\"0; URL='data:text/html,x'\"><p style='background:url(&quot;data:,y&quot;)'>");
        assert_eq!(
            (page.data_urls[0].url.as_str(), page.data_urls[0].navigates),
            ("data:text/html,x", true)
        );
        assert_eq!(page.styled[0].url, "data:,y");
    }
}
