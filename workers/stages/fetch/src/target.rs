//! One hop's URL, checked: http or https, no user info, no port 0, a host that is a clean name or an address.

use std::net::IpAddr;

use url::{Host, Position, Url};

use crate::error::FetchError;

/// A URL that may be resolved and asked for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    url: Url,
    host: Place,
    port: u16,
}

/// Where a URL points: a name to resolve, or an address that stands in the URL itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Name(String),
    Address(IpAddr),
}

impl Target {
    /// Parses the link as browsers do (WHATWG URL) and refuses what is not fetched.
    pub(crate) fn parse(link: &str, max_bytes: usize) -> Result<Target, FetchError> {
        check_length(link.len(), max_bytes)?;
        let url = Url::parse(link).map_err(|e| FetchError::Url(e.to_string()))?;
        Target::checked(url, max_bytes)
    }

    /// The target of a redirect: `location` resolved against this URL (RFC 9110 section 10.2.2).
    pub(crate) fn redirect(&self, location: &str, max_bytes: usize) -> Result<Target, FetchError> {
        check_length(location.len(), max_bytes)?;
        let url = self.url.join(location).map_err(|e| FetchError::Url(e.to_string()))?;
        Target::checked(url, max_bytes)
    }

    // The scheme comes first: only for http and https does the parser turn every spelling of an IPv4 address into one.
    fn checked(mut url: Url, max_bytes: usize) -> Result<Target, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme(url.scheme().to_owned()));
        }
        check_length(url.as_str().len(), max_bytes)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::UserInfo);
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if port == 0 {
            return Err(FetchError::Port(0));
        }
        let host = match url.host() {
            Some(Host::Ipv4(ip)) => Place::Address(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Place::Address(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => Place::Name(clean_name(name)?),
            None => return Err(FetchError::Url("no host".to_owned())),
        };
        if let Place::Name(name) = &host {
            url.set_host(Some(name)).map_err(|e| FetchError::Url(e.to_string()))?;
        }
        url.set_fragment(None);
        Ok(Target { url, host, port })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn place(&self) -> &Place {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host as it stands in the URL; IPv6 in brackets.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// `Host` header (RFC 9110 section 7.2): the port only where it is not the scheme's own.
    pub(crate) fn host_header(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// Request target in origin form (RFC 9112 section 3.2.1).
    pub(crate) fn request_target(&self) -> &str {
        &self.url[Position::BeforePath..]
    }
}

fn check_length(len: usize, max: usize) -> Result<(), FetchError> {
    if len > max {
        return Err(FetchError::UrlTooLong { len, max });
    }
    Ok(())
}

/// Strips one trailing dot and refuses what no name server would answer for (RFC 1035 section 2.3.4).
fn clean_name(name: &str) -> Result<String, FetchError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = !name.is_empty() && name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    if !fits {
        return Err(FetchError::Host {
            host: name.to_owned(),
            why: "not a host name",
        });
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_origin_form_without_fragment() {
        let t = Target::parse("HTTPS://Files.Example.:443/a b?q=1#frag", 8192).expect("a link");
        assert_eq!((t.host(), t.port(), t.is_https()), ("files.example", 443, true));
        assert_eq!((t.host_header().as_str(), t.request_target()), ("files.example", "/a%20b?q=1"));
        assert_eq!(t.url().as_str(), "https://files.example/a%20b?q=1");
    }

    #[test]
    fn what_is_not_fetched() {
        for link in [
            "ftp://a.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "javascript:alert(1)",
            "data:,x",
            "//a.example/",
            "",
        ] {
            assert!(Target::parse(link, 8192).is_err(), "{link}");
        }
        assert!(matches!(Target::parse("http://u@a.example/", 8192), Err(FetchError::UserInfo)));
        assert!(matches!(Target::parse("http://:p@a.example/", 8192), Err(FetchError::UserInfo)));
        assert!(matches!(Target::parse("http://a.example:0/", 8192), Err(FetchError::Port(0))));
        assert!(matches!(Target::parse("http://a.example../", 8192), Err(FetchError::Host { .. })));
        assert!(matches!(Target::parse("http://a.example/", 8), Err(FetchError::UrlTooLong { .. })));
    }

    #[test]
    fn a_redirect_is_resolved_and_checked_again() {
        let t = Target::parse("https://a.example/x/y", 8192).expect("a link");
        assert_eq!(t.redirect("../z?1", 8192).expect("a link").url().as_str(), "https://a.example/z?1");
        assert_eq!(t.redirect("//b.example", 8192).expect("a link").host(), "b.example");
        assert!(matches!(t.redirect("file:///etc/passwd", 8192), Err(FetchError::Scheme(_))));
    }
}
