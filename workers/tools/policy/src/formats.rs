//! Families of formats, by the names of `FORMATS.md`.
//!
//! The labels among text formats are a guess that a file name can change, so nothing here tells them apart for a root.

/// Text whose label is a guess: a browser shows it as plain text when it is declared as text.
pub(crate) fn is_text(format: &str) -> bool {
    matches!(format, "txt" | "js" | "vbs" | "ps1" | "bat" | "csv" | "xml" | "wsf")
}

/// Text that Windows runs as a script when it is stored under that name.
pub(crate) fn is_script_label(format: &str) -> bool {
    matches!(format, "js" | "vbs" | "ps1" | "bat" | "wsf")
}

/// Programs and what starts them on a double click; recognised by content, never by name.
pub(crate) fn is_program(format: &str) -> bool {
    matches!(format, "pe" | "elf" | "macho" | "lnk" | "hta" | "msi")
}

/// Office documents whose inner streams and parts belong to one document.
pub(crate) fn is_office(format: &str) -> bool {
    matches!(
        format,
        "docx"
            | "docm"
            | "dotx"
            | "xlsx"
            | "xlsm"
            | "xlsb"
            | "pptx"
            | "pptm"
            | "ooxml"
            | "odt"
            | "ods"
            | "odp"
            | "odf"
            | "ole2"
            | "doc"
            | "xls"
            | "ppt"
            | "msg"
            | "rtf"
            | "onenote"
    )
}

/// Containers whose members are files of their own: what is listed inside makes the whole listed.
pub(crate) fn is_archive(format: &str) -> bool {
    matches!(
        format,
        "zip"
            | "gzip"
            | "bzip1"
            | "bzip2"
            | "xz"
            | "lzma"
            | "tar"
            | "rar"
            | "lha"
            | "7z"
            | "iso"
            | "cab"
            | "udf"
            | "cpio"
            | "ar"
            | "lzip"
            | "zstd"
            | "lz4"
            | "compress"
            | "arj"
            | "ace"
            | "wim"
            | "vhd"
            | "dmg"
    )
}

/// The types that the service searches for: HTML, text, Office, OpenOffice, PDF, and the named archives.
pub(crate) fn is_listed(format: &str) -> bool {
    is_text(format)
        || is_office(format)
        || matches!(
            format,
            "html"
                | "mht"
                | "pdf"
                | "zip"
                | "bzip1"
                | "bzip2"
                | "gzip"
                | "rar"
                | "tar"
                | "lha"
                | "xz"
                | "xps"
                | "mdb"
                | "msaccess"
                | "pub"
                | "vsd"
                | "mpp"
        )
}
