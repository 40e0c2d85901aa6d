//! Entries of a definition that can fit nobody.

use airlock_proto::request::{is_address, is_domain, is_name};

/// The way out for an entry that can fit nobody; `None` for one that can fit somebody.
pub(crate) type Way = fn(&str) -> Option<&'static str>;

pub(crate) fn no_tenant(entry: &str) -> Option<&'static str> {
    (!is_name(entry)).then_some("write the tenant's name, 1 to 64 characters of A-Z a-z 0-9 . _ - and no dot at its begin")
}

pub(crate) fn no_address(entry: &str) -> Option<&'static str> {
    let fits = is_address(entry) && !entry.contains('*');
    (!fits).then_some("write a bare mail address as ann@acme.example; for everybody of a domain use domains")
}

pub(crate) fn no_domain(entry: &str) -> Option<&'static str> {
    let fits = is_domain(entry) && !entry.contains('*');
    (!fits).then_some("write the bare domain as acme.example; what lies below it is covered, too")
}

/// Why an entry of a group can fit nobody: it is an address or a domain.
pub(crate) fn no_member(entry: &str) -> Option<&'static str> {
    if entry.contains('@') { no_address(entry) } else { no_domain(entry) }
}
