//! OpenDocument texts: clean, with more parts, and with a Basic macro (ODF 1.2; OpenOffice script libraries).

use crate::marker;
use crate::zip::{Archive, Entry};

/// An OpenDocument text with one paragraph; `extra` are more parts, `in_content` more XML before the body.
pub fn odt(text: &str, in_content: &str, extra: &[(&str, &[u8], &str)]) -> Vec<u8> {
    const KIND: &str = "application/vnd.oasis.opendocument.text";
    let names = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
                 xmlns:script=\"urn:oasis:names:tc:opendocument:xmlns:script:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-content {names} office:version=\"1.2\">{in_content}<office:body>\
         <office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>"
    );
    let listed: String = extra
        .iter()
        .map(|(name, _, kind)| format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"{kind}\"/>"))
        .collect();
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.2\"><manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{KIND}\"/>\
         <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>{listed}</manifest:manifest>"
    );
    let mut entries = vec![
        Entry::stored("mimetype", KIND.as_bytes()),
        Entry::deflated("content.xml", content.as_bytes()),
    ];
    entries.extend(extra.iter().map(|(name, data, _)| Entry::deflated(name, data)));
    entries.push(Entry::deflated("META-INF/manifest.xml", manifest.as_bytes()));
    Archive::of(entries).build()
}

/// An OpenDocument text with a Basic macro that runs when the document is opened.
pub fn odt_with_macro(seed: &str) -> Vec<u8> {
    let event = "<office:scripts><office:event-listeners><script:event-listener script:language=\"ooo:script\" \
                 script:event-name=\"dom:load\" xlink:href=\"vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document\" \
                 xlink:type=\"simple\"/></office:event-listeners></office:scripts>";
    let module = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<script:module xmlns:script=\"http://openoffice.org/2000/script\" script:name=\"Module1\" \
         script:language=\"StarBasic\">Sub Main\n    &apos; {}\n    Shell(&quot;echo harmless test&quot;)\nEnd Sub\n</script:module>",
        marker(seed)
    );
    let library = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<library:library xmlns:library=\"http://openoffice.org/2000/library\" \
                   library:name=\"Standard\" library:readonly=\"false\"><library:element library:name=\"Module1\"/></library:library>";
    odt(
        "A letter with a macro.",
        event,
        &[
            ("Basic/Standard/Module1.xml", module.as_bytes(), "text/xml"),
            ("Basic/Standard/script-lb.xml", library.as_bytes(), "text/xml"),
        ],
    )
}
