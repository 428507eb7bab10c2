//! Lists as Excel, MySQL and mails make them.

use super::*;
use crate::reconciliation::received::PartnerStatus;

const ID: &str = "0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f";
const OTHER: &str = "0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e10";

fn read_text(text: impl AsRef<[u8]>) -> Result<Vec<Received>, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read(file.path()).map_err(|error| format!("{error:?}"))
}

#[test]
fn ids_stand_one_a_line() {
    for text in [
        format!("{ID}\n{OTHER}\n"),
        format!("{ID}\r\n\r\n{OTHER}"),
        format!("requestId\n{ID}\n{OTHER}\n"),
        format!("\u{feff}\"request_id\"\r\n\"{ID}\"\r\n\"{OTHER}\"\r\n"),
    ] {
        assert_eq!(read_text(&text).map(|list| list.len()), Ok(2), "{text}");
    }
    assert_eq!(read_text(""), Ok(Vec::new()));
}

#[test]
fn a_table_of_the_log_is_read_by_its_heading() {
    let text = format!(
        "id,requestId,processingStatus,errorMessage,userFound\n\
         1,{ID},failed,\"一行目, \"\"x\"\"\n二行目\",0\n2,{OTHER},success,NULL,\n"
    );
    let list = read_text(&text).unwrap();
    assert_eq!(list[0].status, Some(PartnerStatus::Failed));
    assert_eq!(list[0].user_found, Some(false));
    assert_eq!(list[1].status, Some(PartnerStatus::Success));
    assert_eq!(list[1].user_found, None);
    let mysql = format!("requestId\tprocessingStatus\tuserFound\n{ID}\tsuccess\tNULL\n");
    assert_eq!(read_text(mysql).unwrap()[0].user_found, None);
}

#[test]
fn other_columns_may_be_in_whatever_encoding() {
    for kanji in [
        &b"\x8e\xd2"[..],
        b"\xbb\xe1\xcc\xbe",
        b"\x8e\x81\x96\xbc",
        b"\xe6\xb0\x8f",
    ] {
        let rows = [
            b"requestId,\"",
            kanji,
            b"\"\n",
            ID.as_bytes(),
            b",",
            kanji,
            b"\n",
        ];
        let list = read_text(rows.concat()).map(|list| list.len());
        assert_eq!(list, Ok(1), "{kanji:x?}");
    }
}

#[test]
fn json_is_read_in_every_form_in_which_somebody_sends_it() {
    let row = |id: &str| format!(r#"{{"id":7,"requestId":"{id}","fullPayload":{{"a":[1]}}}}"#);
    let exported = format!(
        r#"{{"id":"{ID}","event":"a.b","acceptedAt":"2025-10-26T00:00:00.000Z","firstSentAt":null}}"#
    );
    for (text, ids) in [
        (format!(r#"["{ID}", "{OTHER}"]"#), 2),
        (format!("\u{feff}\n[\"{ID}\"]\n"), 1),
        (format!(r#"{{"received": ["{ID}", {}]}}"#, row(OTHER)), 2),
        (format!("[{},\r\n {}]", row(ID), row(OTHER)), 2),
        (format!("{}\n{}\n", row(ID), row(OTHER)), 2),
        (format!("[{exported}]"), 1),
        ("[]".to_owned(), 0),
        (r#"{"received": []}"#.to_owned(), 0),
    ] {
        assert_eq!(read_text(&text).map(|list| list.len()), Ok(ids), "{text}");
    }
    let of_log = format!(
        r#"[{{"request_id":"{ID}","processing_status":"failed","user_found":false}},
            {{"requestId":"{OTHER}","processingStatus":null,"userFound":1}}]"#
    );
    let list = read_text(of_log).unwrap();
    assert_eq!(list[0].status, Some(PartnerStatus::Failed));
    assert_eq!(list[0].user_found, Some(false));
    assert_eq!((list[1].status, list[1].user_found), (None, Some(true)));
}

#[test]
fn json_that_is_no_list_is_refused_with_its_items() {
    let refused = |fault| {
        let first = vec![(Place::Item(2), fault)];
        let bad = BadLines { first, count: 1 };
        Err(format!("{:?}", NotAList::Lines(bad)))
    };
    for (second, fault) in [
        (r#""x""#, LineFault::Row(NotReceived::Id)),
        ("7", LineFault::Row(NotReceived::Id)),
        ("null", LineFault::Row(NotReceived::Id)),
        (r#"["x"]"#, LineFault::Row(NotReceived::Id)),
        (r#"{"id":"x"}"#, LineFault::NoHeading),
        (r#"{"requestId":null}"#, LineFault::Row(NotReceived::Id)),
    ] {
        let text = format!(r#"["{ID}",{second}]"#);
        assert_eq!(read_text(&text), refused(fault), "{text}");
    }
    // What the range is, is said in the command.
    let text = format!(r#"{{"received":["{ID}"],"from":"2025-10-26T00:00:00Z"}}"#);
    assert_eq!(read_text(&text), refused(LineFault::NoHeading));
    for broken in ["[", "{\"received\":", "[1,]", "[]]", "{}x", "[] 7"] {
        let error = read_text(broken).unwrap_err();
        assert!(error.starts_with("NoJson"), "{broken}: {error}");
    }
    let deep = "[".repeat(1000);
    assert!(read_text(deep).unwrap_err().starts_with("NoJson"));
}

#[test]
fn what_is_no_list_is_refused_with_its_lines() {
    for (text, told) in [
        (
            format!("{ID}\nrequestId\n{OTHER}\nx\n"),
            vec![
                (Place::Line(2), LineFault::Row(NotReceived::Id)),
                (Place::Line(4), LineFault::Row(NotReceived::Id)),
            ],
        ),
        (
            format!("a,b\n{ID},1\n"),
            vec![(Place::Line(1), LineFault::NoHeading)],
        ),
        // Whose ids these are is not said.
        (
            format!("id,event\n{ID},a.b\n"),
            vec![(Place::Line(1), LineFault::NoHeading)],
        ),
        (
            format!("requestId,userFound\n{ID},maybe\n"),
            vec![(Place::Line(2), LineFault::Row(NotReceived::UserFound))],
        ),
        (
            format!("requestId\n\"{ID}\n"),
            vec![(Place::Line(2), LineFault::Quotes)],
        ),
    ] {
        let bad = BadLines {
            count: told.len() as u64,
            first: told,
        };
        assert_eq!(
            read_text(&text),
            Err(format!("{:?}", NotAList::Lines(bad))),
            "{text}"
        );
    }
    assert!(read_text(b"PK\x03\x04").unwrap_err().starts_with("Foreign"));
}
