//! Content-Disposition, a row a case: what browsers make of it (RFC 6266, RFC 8187).

use airlock_fetch::content_disposition;

const ATTACHMENT: bool = true;
const INLINE: bool = false;

#[test]
fn the_table() {
    let long_stem = format!("attachment; filename=\"{}.exe\"", "ä".repeat(200));
    let rows: &[(&[u8], bool, Option<&str>)] = &[
        (b"attachment", ATTACHMENT, None),
        (b"inline", INLINE, None),
        (b"INLINE; filename=a.txt", INLINE, Some("a.txt")),
        (b"Attachment; FileName=a.txt", ATTACHMENT, Some("a.txt")),
        (b"attachment; filename=\"a b.txt\"", ATTACHMENT, Some("a b.txt")),
        (b"attachment; filename=a b.txt", ATTACHMENT, Some("a b.txt")),
        (b"attachment; filename=\"a;b.txt\"; x=y", ATTACHMENT, Some("a;b.txt")),
        (b"attachment; filename=\"a\\\"b.txt\"", ATTACHMENT, Some("a\"b.txt")),
        (b"attachment ; filename = \"a.txt\" ;", ATTACHMENT, Some("a.txt")),
        (b"attachment;;; filename=a.txt", ATTACHMENT, Some("a.txt")),
        (b"attachment; filename=a.txt; filename=b.exe", ATTACHMENT, Some("a.txt")),
        (b"attachment; filename=\"open.txt", ATTACHMENT, Some("open.txt")),
        (b"attachment; filename='a.txt'", ATTACHMENT, Some("'a.txt'")),
        // filename* wins wherever it stands, and falls back where it is broken.
        (
            b"attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt",
            ATTACHMENT,
            Some("na\u{ef}ve.txt"),
        ),
        (
            b"attachment; filename*=UTF-8'en'%e2%82%ac.pdf; filename=euro.pdf",
            ATTACHMENT,
            Some("\u{20ac}.pdf"),
        ),
        (
            b"attachment; filename*=iso-8859-1''f%F6%F6.txt",
            ATTACHMENT,
            Some("f\u{f6}\u{f6}.txt"),
        ),
        (
            b"attachment; filename*=UTF-8''bad%C3.txt; filename=fall.txt",
            ATTACHMENT,
            Some("fall.txt"),
        ),
        (
            b"attachment; filename*=UTF-8''bad%zz.txt; filename=fall.txt",
            ATTACHMENT,
            Some("fall.txt"),
        ),
        (
            b"attachment; filename*=UTF-8''bad%4; filename=fall.txt",
            ATTACHMENT,
            Some("fall.txt"),
        ),
        (
            b"attachment; filename*=KOI8-R''%C1.txt; filename=fall.txt",
            ATTACHMENT,
            Some("fall.txt"),
        ),
        (
            b"attachment; filename*=no-quotes.txt; filename=fall.txt",
            ATTACHMENT,
            Some("fall.txt"),
        ),
        (b"attachment; filename*=UTF-8''", ATTACHMENT, None),
        (b"attachment; filename*=\"UTF-8''a%20b.txt\"", ATTACHMENT, Some("a b.txt")),
        // No path of any system survives, in any coding.
        (b"attachment; filename=\"../../etc/passwd\"", ATTACHMENT, Some("passwd")),
        (b"attachment; filename=\"C:\\\\Windows\\\\evil.exe\"", ATTACHMENT, Some("evil.exe")),
        (b"attachment; filename*=UTF-8''..%2F..%5Cevil.exe", ATTACHMENT, Some("evil.exe")),
        (b"attachment; filename=\"..%2f..%2fevil.exe\"", ATTACHMENT, Some("evil.exe")),
        (b"attachment; filename=\"..\"", ATTACHMENT, None),
        (b"attachment; filename=\"dir/\"", ATTACHMENT, None),
        (b"attachment; filename=\"\"", ATTACHMENT, None),
        (b"attachment; filename=\"   \"", ATTACHMENT, None),
        // What browsers decode beyond the letter.
        (b"attachment; filename=\"my%20invoice%2Eexe\"", ATTACHMENT, Some("my invoice.exe")),
        (b"attachment; filename=\"100%.txt\"", ATTACHMENT, Some("100%.txt")),
        (
            b"attachment; filename=\"=?UTF-8?B?cmVwb3J0LmRvY3g=?=\"",
            ATTACHMENT,
            Some("report.docx"),
        ),
        (
            b"attachment; filename=\"=?iso-8859-1?Q?f=F6_1.txt?=\"",
            ATTACHMENT,
            Some("f\u{f6} 1.txt"),
        ),
        (
            b"attachment; filename=\"=?UTF-8?B?cmVw?= =?UTF-8?Q?ort.docx?=\"",
            ATTACHMENT,
            Some("report.docx"),
        ),
        (b"attachment; filename=\"=?UTF-8?X?abc?=\"", ATTACHMENT, Some("=?UTF-8?X?abc?=")),
        // Raw bytes: UTF-8 where valid, else ISO-8859-1.
        (b"attachment; filename=\"f\xc3\xb6.txt\"", ATTACHMENT, Some("f\u{f6}.txt")),
        (b"attachment; filename=\"f\xf6.txt\"", ATTACHMENT, Some("f\u{f6}.txt")),
        // Tricks stay in the name for the findings.
        (
            "attachment; filename=\"a\u{202e}fdp.exe\"".as_bytes(),
            ATTACHMENT,
            Some("a\u{202e}fdp.exe"),
        ),
        (
            b"attachment; filename*=UTF-8''a%E2%80%AEfdp.exe%20",
            ATTACHMENT,
            Some("a\u{202e}fdp.exe "),
        ),
        (b"attachment; filename*=UTF-8''a%00b%0D%0A.txt", ATTACHMENT, Some("a\0b\r\n.txt")),
        // Types.
        (b"form-data; filename=a.txt", ATTACHMENT, Some("a.txt")),
        (b"weird", ATTACHMENT, None),
        (b"filename=a.txt", INLINE, Some("a.txt")),
        (b"; filename=a.txt", INLINE, Some("a.txt")),
        (b"", INLINE, None),
    ];
    for (value, attachment, name) in rows {
        let got = content_disposition(value);
        let shown = String::from_utf8_lossy(value);
        assert_eq!((got.attachment, got.file_name.as_deref()), (*attachment, *name), "{shown}");
    }
    let cut = content_disposition(long_stem.as_bytes()).file_name.expect("a name");
    assert!(
        cut.len() <= 255 && cut.len() > 250 && cut.ends_with("ä.exe"),
        "{} bytes: {cut}",
        cut.len()
    );
}
