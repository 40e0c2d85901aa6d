//! Spellings that are read, and tables that are none.

use super::*;

fn archive() -> Vec<u8> {
    [&b"PK\x03\x04"[..], &[0x80; 40], &[0xed, 0x41]].concat()
}

fn joined(width: usize, between: &str, number: fn(&[u8]) -> String) -> String {
    archive().chunks(width).map(number).collect::<Vec<_>>().join(between)
}

#[test]
fn number_lists_are_spelt() {
    let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let spelt = vec![("unescaped", b"document.location='x'".to_vec())];
    let text = list(b"document.location='x'");
    for text in [
        format!("eval(String.fromCharCode({text}))"),
        format!("var a=[{text}]"),
        format!("[{text},]"),
        format!("a = Array ({text})"),
        format!("'{text}'.split(',')"),
        format!("s = Split(\"{text}\", \",\")"),
        format!("[char[]]({text})"),
    ] {
        assert_eq!(lists(&text), spelt, "{text}");
    }
    for text in [
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]".to_owned(),
        format!("INSERT INTO t VALUES ({text})"),
        format!("{text}\n"),
    ] {
        assert!(lists(&text).is_empty(), "{text}");
    }
    let hidden: Vec<u8> = archive().iter().map(|b| b ^ 90).collect();
    assert_eq!(lists(&format!("var a=[{}]", list(&archive()))), [("bytes", archive())]);
    assert_eq!(lists(&format!("var a=[{}]", list(&hidden))), [("xor", archive())]);
}

#[test]
fn bytes_are_read_whatever_stands_around_them() {
    let decimal = joined(1, ",", |b| b[0].to_string());
    let lines = joined(1, ", _\r\n ", |b| b[0].to_string());
    let hex = joined(1, ",", |b| format!("0x{:02X}", b[0]));
    let reg = joined(1, ",\\\r\n  ", |b| format!("{:02x}", b[0]));
    let padded = joined(1, ",", |b| format!("{:03}", b[0]));
    let octal = joined(1, ",", |b| format!("0{:o}", b[0]));
    let modern = joined(1, ",", |b| format!("0o{:o}", b[0]));
    let plus = joined(1, ",", |b| format!("+{}n", b[0]));
    let wide_apart = joined(1, &format!("{},", " ".repeat(40)), |b| b[0].to_string());
    let first_line = decimal.replacen(',', " _\r\n,", 1);
    let signed = joined(1, ",", |b| b[0].cast_signed().to_string());
    let wide = joined(2, ",", |b| format!("0X{:x}", u16::from_le_bytes([b[0], b[1]])));
    let basic = joined(1, ", ", |b| format!("&H{:02X}", b[0]));
    for text in [
        format!("String.fromCharCode({decimal})"),
        format!("[byte[]]({hex})"),
        format!("[Byte[]] $a = {hex}\n"),
        format!("@({decimal})"),
        format!("a = Array({lines})"),
        format!("Uint8Array.of({decimal})"),
        format!("new Array({decimal} )"),
        format!("'{decimal}'.split(',')"),
        format!("\"a\"=hex:{reg}\r\n"),
        format!("x = [{reg}, ]"),
        format!("Array({basic})"),
        format!("new X([{signed}])"),
        format!("new X([{wide}])"),
        format!("f(x[0],{decimal})"),
        format!("[\"{}\"]", decimal.replace(',', "\",\"")),
        format!("[{}]", decimal.replace(',', ", /* x */")),
        format!("[{}]", decimal.replace(',', ", // 0010\n")),
        format!("[{padded}]"),
        format!("[{octal}]"),
        format!("[{modern}]"),
        format!("[{plus}]"),
        format!("[{wide_apart}]"),
        format!("Array({first_line})"),
    ] {
        assert_eq!(lists(&text), [("bytes", archive())], "{text}");
    }
}

#[test]
fn lists_that_are_put_together_are_one() {
    let rows = |open: &str, between: &str| {
        let rows: Vec<String> = archive()
            .chunks(12)
            .map(|row| row.iter().map(|b| format!("0x{b:02x}")).collect::<Vec<_>>().join(","))
            .collect();
        format!("{open}{}", rows.join(between))
    };
    for text in [rows("$a = @()\n$a += ", "\n$a += "), rows("[[", "],["), rows("x(\n  ", "\n  ")] {
        assert!(lists(&text).contains(&("bytes", archive())), "{text}");
    }
    let text = rows("[", ",SYSTEM,");
    assert!(!lists(&text).contains(&("bytes", archive())), "{text}");
}

#[test]
fn numbers_that_stand_apart_are_read() {
    let bytes = joined(1, ") & Chr(", |b| b[0].to_string());
    let basic = joined(1, ") & _\r\n  ChrW(", |b| format!("&H{:02X}", b[0]));
    let php = joined(1, ").chr(", |b| b[0].to_string());
    let powershell = joined(1, ")+[char](", |b| b[0].to_string()).replace("[char]", "chr");
    let blanks = joined(1, " ", |b| b[0].to_string());
    for text in [
        format!("x = Chr({bytes})"),
        format!("x = ChrW({basic})"),
        format!("$x=chr({php});"),
        format!("x=chr({powershell})"),
        format!("'{blanks}'.split(' ')"),
        format!("Split(\"x\"); (\"{}\" -split ';')", blanks.replace(' ', ";")),
    ] {
        assert_eq!(apart(&text), [("bytes", archive())], "{text}");
    }
    let script: Vec<String> = b"CreateObject(\"WScript.Shell\")".iter().map(|b| format!("Chr({b})")).collect();
    let spelt = apart(&format!("Execute {}", script.join("&")));
    assert_eq!(spelt, [("unescaped", b"CreateObject(\"WScript.Shell\")".to_vec())]);
    for hostile in ["Chr(", "chr(1)", "'.split", "split", "1 '.split"] {
        assert!(apart(&hostile.repeat(50_000)).is_empty());
    }
}

#[test]
fn text_of_a_registry_file_is_read() {
    let wide = "powershell -w hidden"
        .bytes()
        .map(|b| format!("{b:02x},00"))
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(
        lists(&format!("\"Run\"=hex(2):{wide}")),
        [("unescaped", b"powershell -w hidden".to_vec())]
    );
}

#[test]
fn tables_are_no_files() {
    let table = |f: fn(u32) -> u32| (0..2000).map(|n| f(n).to_string()).collect::<Vec<_>>().join(", ");
    for text in [
        table(|n| n % 256),
        table(|n| n * 7919 % 256),
        table(|n| n * n % 65_521),
        table(|_| 0),
        table(|n| [0, 0, 1, 0, 1][n as usize % 5]),
        table(|n| [0x1f, 0x9d, 7][n as usize % 3]),
    ] {
        assert!(lists(&format!("x = [{text}]; y({text})")).is_empty(), "{text}");
    }
    for hostile in ["[", "Array(", "1,", "a,", " ,", "1 ", ",1,x"] {
        assert!(lists(&hostile.repeat(100_000)).is_empty());
    }
}
