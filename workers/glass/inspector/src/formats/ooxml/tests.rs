//! Tests of `ooxml`.

use super::*;

fn part(document: &str, xml: &str) -> Vec<(&'static str, Option<Severity>)> {
    let mut part = Part {
        document,
        ..Part::default()
    };
    opc_xml::walk(xml, &mut |step| part.step(step));
    part.finish();
    part.found.iter().map(|f| (f.id, f.severity)).collect()
}

fn relation(kind: &str, target: &str) -> Vec<(&'static str, Option<Severity>)> {
    let xml = format!("<Relationships><Relationship Type='http://x/{kind}' Target='{target}' TargetMode='External'/></Relationships>");
    part("docx", &xml)
}

#[test]
fn relationships_weigh_by_where_they_lead() {
    assert_eq!(
        relation("attachedTemplate", "file:///C:/a.dotm"),
        [("rel.remote_template", Some(Severity::Info))]
    );
    assert_eq!(
        relation("attachedTemplate", "http://h.example/a"),
        [("rel.remote_template", Some(Severity::High))]
    );
    assert_eq!(
        relation("oleObject", "mhtml:http://h.example/a!x-usc:b"),
        [("rel.remote_ole", Some(Severity::Critical))]
    );
    assert_eq!(relation("image", "http://h.example/a.png"), [("rel.remote_image", None)]);
    assert_eq!(relation("hyperlink", "http://h.example/"), []);
    assert_eq!(
        relation("hyperlink", "\\\\h\\s\\a.hta"),
        [("rel.hyperlink_exec", Some(Severity::High))]
    );
    assert_eq!(relation("externalLinkPath", "Book2.xlsx"), []);
}

#[test]
fn fields_are_read_across_runs_and_nesting() {
    let run = |inner: &str| format!("<w:r>{inner}</w:r>");
    let split = [
        run("<w:fldChar w:fldCharType='begin'/>"),
        run("<w:instrText>DD</w:instrText>"),
        run("<w:instrText>EAUTO c:\\\\cmd &quot;/k calc&quot;</w:instrText>"),
        run("<w:fldChar w:fldCharType='end'/>"),
    ];
    assert_eq!(part("docx", &format!("<w:p>{}</w:p>", split.concat())), [("dde.word_field", None)]);
    let nested = [
        run("<w:fldChar w:fldCharType='begin'/>"),
        run("<w:fldChar w:fldCharType='begin'/>"),
        run("<w:instrText>QUOTE 68 68 69</w:instrText>"),
        run("<w:fldChar w:fldCharType='end'/>"),
        run("<w:instrText> c:\\cmd</w:instrText>"),
        run("<w:fldChar w:fldCharType='end'/>"),
    ];
    assert_eq!(part("docx", &format!("<w:p>{}</w:p>", nested.concat())), [("dde.word_field", None)]);
    assert_eq!(part("docx", "<w:fldSimple w:instr=' PAGE '/>"), []);
    let far = "<w:fldSimple w:instr=' INCLUDETEXT \"http://h.example/a.docx\" '/>";
    assert_eq!(part("docx", far), [("field.include_remote", Some(Severity::High))]);
}

#[test]
fn declarations_links_and_ribbons_are_seen() {
    assert_eq!(
        part("docx", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a/>"),
        [("ooxml.doctype_xxe", Some(Severity::High))]
    );
    assert_eq!(part("docx", "<!DOCTYPE svg PUBLIC 'x'><svg/>"), []);
    assert_eq!(
        part("xlsx", "<ddeLink ddeService='cmd' ddeTopic='/c calc'/>"),
        [("dde.excel_link", Some(Severity::Critical))]
    );
    assert_eq!(
        part("xlsm", "<customUI onLoad='Loaded'/>"),
        [("ooxml.customui_onload", Some(Severity::Low))]
    );
    assert_eq!(
        part("pptx", "<a:hlinkClick action='ppaction://program'/>"),
        [("ppt.action_run", None)]
    );
    let project = "<Relationships><Relationship Type='http://x/vbaProject' Target='vbaProject.bin'/></Relationships>";
    assert_eq!(part("docx", project), [("ooxml.macro_content_type", None)]);
    assert_eq!(part("docm", project), []);
}

#[test]
fn macro_sheets_and_the_names_that_start_them_are_seen() {
    let sheet = "<xm:macrosheet><sheetData><c><f>ALERT(\"x\")</f></c></sheetData></xm:macrosheet>";
    assert_eq!(part("xlsm", sheet), [("xlm.sheet", None)]);
    for formula in [
        "EXEC(\"calc\")",
        "E&#88;EC(1)",
        "&#x45;xec (1)",
        "EX<!-- -->EC(1)",
        "<![CDATA[IF(1,CALL(1))]]>",
        "EX<?x y?>EC(1)",
        "A1+register.id(1)",
        "FORMULA(\"=EX\"&amp;\"EC(1)\",A2)",
    ] {
        let sheet = format!("<xm:macrosheet><c><f>{formula}</f></c></xm:macrosheet>");
        assert_eq!(part("xlsm", &sheet), [("xlm.sheet", None), ("xlm.exec_call", None)], "{formula}");
    }
    for formula in ["MYEXEC(1)", "EXEC", "FORMULA(A1,A2)", "GOTO(A1)"] {
        let sheet = format!("<xm:macrosheet><c><f>{formula}</f></c></xm:macrosheet>");
        assert_eq!(part("xlsm", &sheet), [("xlm.sheet", None)], "{formula}");
    }
    assert_eq!(part("xlsx", "<worksheet><c><f>CALL(1)</f></c></worksheet>"), []);
    for name in ["_xlnm.Auto_Open", "auto_open12", "AUTO_CLOSE"] {
        let book = format!("<workbook><definedNames><definedName name='{name}'>Macro1!$A$1</definedName></definedNames></workbook>");
        assert_eq!(part("xlsm", &book), [("xlm.auto_open_name", None)], "{name}");
    }
    assert_eq!(part("xlsx", "<workbook><definedName name='_xlnm.Print_Area'/></workbook>"), []);
}

#[test]
fn blanks_prefixes_and_other_attributes_hide_no_field_and_no_relationship() {
    let dde = [("dde.word_field", None)];
    let field = |inner: &str| part("docx", &format!("<w:p>{inner}</w:p>"));
    let begin = "<w:fldChar w:fldCharType='begin'/>";
    let blank = " ".repeat(20_000);
    assert_eq!(field(&format!("{begin}<w:instrText>{blank}DDEAUTO x</w:instrText>")), dde);
    assert_eq!(field("<w:fldSimple x:instr='PAGE' w:instr='DDEAUTO x'/>"), dde);
    assert_eq!(field("<w:fldSimple w:instr='PAGE' x:instr='DDEAUTO x'/>"), dde);
    let twice = "<w:fldChar x:fldCharType='separate' w:fldCharType='begin'/><w:instrText>DDEAUTO x</w:instrText>";
    assert_eq!(field(twice), dde);
    let office = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' xmlns:x='urn:x'";
    let bait = "<x:fldChar x:fldCharType='begin'/><x:instrText>PAGE </x:instrText>";
    let inner = "<w:instrText>DDE<x:instrText/></w:instrText><w:instrText>AUTO x</w:instrText>";
    assert_eq!(part("docx", &format!("<w:p {office}>{begin}{bait}{inner}</w:p>")), dde);
    let many: String = (0..300).map(|n| format!(" a{n}=''")).collect();
    let far = format!(
        "<Relationships><Relationship{many} x:Type='x/image' Type='x/attachedTemplate' Target='http://h.example/a' TargetMode='External'/></Relationships>"
    );
    assert!(part("docx", &far).contains(&("rel.remote_template", Some(Severity::High))));
}
