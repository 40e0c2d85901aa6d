//! What extensions mean: which run when they are opened, which look like papers, and which content each may hold.

/// Extensions that run, or make something run, when a person opens the file (the union of the lists that mail programs block).
pub const EXECUTABLE: &[&str] = &[
    "ade",
    "adp",
    "ahk",
    "apk",
    "app",
    "appcontent-ms",
    "appinstaller",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "asp",
    "au3",
    "bas",
    "bat",
    "bgi",
    "cab",
    "cer",
    "chm",
    "cmd",
    "cnt",
    "com",
    "command",
    "cpl",
    "crt",
    "csh",
    "der",
    "diagcab",
    "diagcfg",
    "diagpkg",
    "dll",
    "dmg",
    "elf",
    "exe",
    "fxp",
    "gadget",
    "grp",
    "hlp",
    "hpj",
    "hta",
    "htc",
    "inf",
    "ins",
    "iso",
    "isp",
    "img",
    "its",
    "jar",
    "jnlp",
    "js",
    "jse",
    "ksh",
    "lib",
    "library-ms",
    "lnk",
    "mad",
    "maf",
    "mag",
    "mam",
    "mar",
    "mas",
    "mau",
    "mav",
    "maw",
    "mcf",
    "mda",
    "mde",
    "mdt",
    "mdw",
    "mdz",
    "msc",
    "msh",
    "msh1",
    "msh2",
    "mshxml",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "mst",
    "msu",
    "nsh",
    "ocx",
    "ops",
    "osd",
    "pcd",
    "pif",
    "pkg",
    "pl",
    "plg",
    "prf",
    "prg",
    "printerexport",
    "ps1",
    "ps1xml",
    "ps2",
    "ps2xml",
    "psc1",
    "psc2",
    "psd1",
    "psdm1",
    "psm1",
    "pssc",
    "pst",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "pyz",
    "rdp",
    "reg",
    "run",
    "scf",
    "scr",
    "sct",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "sh",
    "shb",
    "shs",
    "sys",
    "theme",
    "themepack",
    "url",
    "vb",
    "vbe",
    "vbp",
    "vbs",
    "vhd",
    "vhdx",
    "vxd",
    "wll",
    "ws",
    "wsb",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xll",
    "xnk",
];

/// The part of [`EXECUTABLE`] that people send one another without thinking of programs: weak evidence alone.
pub const QUIET: &[&str] = &[
    "asp", "cer", "crt", "der", "inf", "js", "lib", "pl", "py", "sh", "url", "cab", "cnt", "grp", "prf", "pst", "com", "app", "jar", "dll",
];

/// Extensions of papers, pictures and media.
pub const PAPER: &[&str] = &[
    "pdf", "doc", "docx", "docm", "rtf", "odt", "txt", "xls", "xlsx", "xlsm", "xlsb", "ods", "csv", "ppt", "pptx", "pps", "ppsx", "odp",
    "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "svg", "heic", "mp3", "mp4", "avi", "mov", "wav", "htm", "html", "eml",
    "msg", "xml", "xps", "epub", "zip", "rar", "7z",
];

/// Words that papers are called by, in the languages of our users.
pub const LURES: &[&str] = &[
    "invoice",
    "rechnung",
    "faktura",
    "facture",
    "fattura",
    "factura",
    "payment",
    "zahlung",
    "receipt",
    "quittung",
    "statement",
    "order",
    "bestellung",
    "purchase",
    "scan",
    "document",
    "dokument",
    "contract",
    "vertrag",
    "resume",
    "bewerbung",
    "shipping",
    "shipment",
    "delivery",
    "voicemail",
    "remittance",
    "quotation",
    "angebot",
    "tax",
    "mahnung",
    "überweisung",
    "payslip",
    "salary",
];

/// True when a browser shows a file of this name as a page, whatever it begins with.
pub fn is_page(extension: &str) -> bool {
    matches!(
        extension,
        "htm" | "html" | "xhtml" | "xht" | "shtml" | "svg" | "hta" | "mht" | "mhtml"
    )
}

/// True when a script host runs a file of this name, whatever it begins with.
pub fn is_script(extension: &str) -> bool {
    matches!(
        extension,
        "js" | "jse" | "vbs" | "vbe" | "wsf" | "wsh" | "wsc" | "sct" | "hta" | "bat" | "cmd" | "ps1"
    )
}

/// True when opening a file of this name runs it.
pub fn runs(extension: &str) -> bool {
    EXECUTABLE.binary_search(&extension).is_ok() || EXECUTABLE.contains(&extension)
}

/// True when the extension runs and is rarely sent for another reason.
pub fn runs_loudly(extension: &str) -> bool {
    runs(extension) && !QUIET.contains(&extension)
}

/// Formats that a file of this extension may have without anybody being deceived; `None` when we do not say.
///
/// Office opens its formats by content, so that a `.doc` may hold any of them without harm being done by the name alone.
pub fn allowed(extension: &str) -> Option<&'static [&'static str]> {
    const WORD: &[&str] = &["doc", "ole2", "rtf", "docx", "dotx", "odt", "ooxml"];
    const EXCEL: &[&str] = &["xls", "ole2", "xlsx", "xltx", "ods", "ooxml"];
    const POWERPOINT: &[&str] = &["ppt", "ole2", "pptx", "ppsx", "potx", "odp", "ooxml"];
    Some(match extension {
        "pdf" | "ai" => &["pdf"],
        "jpg" | "jpeg" | "jpe" | "jfif" | "png" | "gif" | "bmp" | "tif" | "tiff" | "webp" | "heic" => &[
            "jpeg", "png", "gif", "bmp", "tiff", "webp", "mp4", "heif", "heic", "ico", "jp2", "avif",
        ],
        "mp3" | "mp4" | "avi" | "mov" | "wav" | "mkv" | "ogg" | "flac" | "wma" | "wmv" | "m4a" => &[
            "mp3", "mp4", "avi", "wav", "mkv", "ogg", "flac", "asf", "riff", "webm", "m4a", "m4v", "mov",
        ],
        "doc" | "dot" | "wbk" => WORD,
        "xls" | "xlt" | "xlm" | "xla" => EXCEL,
        "ppt" | "pps" | "pot" => POWERPOINT,
        "docx" | "dotx" => &["docx", "dotx", "ooxml", "ole2", "zip"],
        "xlsx" | "xltx" => &["xlsx", "xltx", "ooxml", "ole2", "zip"],
        "pptx" | "ppsx" | "potx" => &["pptx", "ppsx", "potx", "ooxml", "ole2", "zip"],
        "docm" | "dotm" => &["docm", "dotm", "docx", "dotx", "ooxml", "ole2", "zip"],
        "xlsm" | "xltm" | "xlam" => &["xlsm", "xltm", "xlam", "xlsx", "ooxml", "ole2", "zip"],
        "xlsb" => &["xlsb", "xlsx", "ooxml", "ole2", "zip"],
        "pptm" | "ppsm" | "potm" | "ppam" => &["pptm", "ppsm", "potm", "ppam", "pptx", "ppsx", "potx", "ooxml", "ole2", "zip"],
        "odt" | "ott" | "ods" | "ots" | "odp" | "otp" | "odg" | "otg" | "odf" | "odb" => {
            &["odt", "ods", "odp", "odg", "odf", "odb", "ott", "ots", "otp", "otg", "zip"]
        }
        "rtf" => &["rtf", "doc", "docx", "ole2"],
        "txt" | "csv" | "log" | "md" | "ini" | "json" | "css" => &[],
        "htm" | "html" | "xhtml" => &["mht"],
        "zip" => &[
            "zip", "ooxml", "epub", "jar", "apk", "xps", "docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "odt", "ods", "odp", "odg", "odf",
        ],
        "rar" => &["rar"],
        "7z" => &["7z"],
        "gz" | "tgz" => &["gzip", "tar"],
        "bz2" | "tbz" | "tbz2" => &["bzip2"],
        "xz" | "txz" => &["xz"],
        "tar" => &["tar"],
        "lzh" | "lha" => &["lha"],
        _ => return None,
    })
}
