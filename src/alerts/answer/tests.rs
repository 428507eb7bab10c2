//! Answers of hooks, honest ones and others.

use super::*;

#[test]
fn what_says_failure_does() {
    for body in [
        r#"{"ok":false}"#,
        r#"{"success":"false"}"#,
        r#"{"success":0,"failure":1}"#,
        r#"{"errors":[{"message":"no such channel"}]}"#,
        r#"{"errors":{"text":["is too long"]}}"#,
        r#"{"error":"invalid_token"}"#,
        r#"{"error":{"code":7}}"#,
        r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
        r#"{"errcode":"40001"}"#,
        r#"{"errorCode":"E17"}"#,
        r#"{"status":"error","message":"no"}"#,
        r#"{"status":"FAILED"}"#,
        r#"{"status":"fail","data":{}}"#,
        r#"{"status":403}"#,
        r#"{"statusCode":"500"}"#,
        r#"{"code":19001,"msg":"param invalid"}"#,
        r#"{"code":-1}"#,
        r#"{"code":"INVALID_TOKEN"}"#,
        r#"{"code":"ACCESS_DENIED","message":"no"}"#,
        r#"{"result":"error"}"#,
        r#"[{"status":"error"}]"#,
        "\u{feff}{\"ok\":false}",
        r#"{"result":"NG"}"#,
        r#"{"status":"ng"}"#,
        r#"{"status":"NG: no such channel"}"#,
        r#"{"Result":"Ng"}"#,
        r#"{"Success":false}"#,
        r#"{"STATUS":"ERROR"}"#,
        r#"{"ok":"no"}"#,
        r#"{"message":"Invalid webhook token"}"#,
        r#"{"detail":"Not found"}"#,
        r#"{"exception":"NullPointer"}"#,
        r#"{"fault":{"faultstring":"no such policy"}}"#,
        r#"{"ok":"NG"}"#,
        r#"{"status":"bad request"}"#,
        r#"{"state":"not_found"}"#,
        r#"{"resultCode":"E001_INVALID"}"#,
        r#"{"resultCode":1001}"#,
        r#"{"retcode":-1}"#,
        "NG",
        "Bad payload received by generic incoming webhook.",
        "Unable to deliver",
        "Not authorized",
        "false",
        "\"failed\"",
        "Error: channel not found",
        "FAILED",
        // Inside of something else.
        r#"{"data":{"success":false}}"#,
        r#"{"code":200,"data":{"result":{"ok":0}}}"#,
        r#"{"status":"success","data":{"success":false}}"#,
        r#"{"results":[{"status":"ok"},{"status":"failed"}]}"#,
        r#"{"response":{"error":"no such room"}}"#,
        // Counts.
        r#"{"failed":1,"sent":0}"#,
        r#"{"sent":1,"failed":["b@clinic.example"]}"#,
        "0",
        "\"0\"",
        // Japanese.
        "失敗",
        "送信に失敗しました",
        "エラー: チャンネルが見つかりません",
        "チャンネルが見つかりません",
        "この操作は許可されていないため、実行できません",
        r#"{"result":"失敗"}"#,
        r#"{"結果":"エラー"}"#,
        r#"{"エラー":"宛先がない"}"#,
        r#"{"message":"認証エラーです"}"#,
        r#"{"status":"異常終了"}"#,
        // XML.
        "<error>no such channel</error>",
        "<?xml version=\"1.0\"?><response><status>error</status></response>",
        "<response><success>false</success></response>",
        "<rsp stat=\"fail\"><err code=\"1\"/></rsp>",
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Client</faultcode></s:Fault></s:Body></s:Envelope>",
        "<response><errors><error>too long</error></errors></response>",
        // Pairs.
        "status=error&message=no",
        "result: NG",
        "error=invalid_token",
    ] {
        assert_eq!(
            contradiction(body, None),
            Some(Contradiction::Failed),
            "{body}"
        );
    }
}

#[test]
fn a_page_is_no_answer_of_a_hook() {
    for body in [
        "<!DOCTYPE html>\n<html lang=\"ja\"><title>ログイン</title>",
        "\n<HTML><body>ok</body></HTML>",
        "<?xml version=\"1.0\"?><!doctype html><html>",
        "<!-- proxy --><html>",
    ] {
        assert_eq!(
            contradiction(body, None),
            Some(Contradiction::Page),
            "{body}"
        );
    }
}

#[test]
fn an_honest_answer_is_left_alone() {
    for body in [
        "",
        "ok",
        "1",
        "null",
        "true",
        "{}",
        "[]",
        "accepted, no error",
        "<response>ok</response>",
        r#"{"ok":true,"error":null}"#,
        r#"{"success":true,"errors":[],"messages":[]}"#,
        r#"{"errors":0}"#,
        r#"{"error":false,"errno":0}"#,
        r#"{"error":"","code":0}"#,
        r#"{"error":"none"}"#,
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"errcode":"0"}"#,
        r#"{"code":0,"msg":"success"}"#,
        r#"{"code":200,"message":"success"}"#,
        r#"{"code":"202"}"#,
        r#"{"code":"OK"}"#,
        r#"{"code":"NO_ERROR"}"#,
        r#"{"code":"3f9a21c7"}"#,
        r#"{"code":1000,"success":true}"#,
        r#"{"code":1,"status":"success"}"#,
        r#"{"result":0}"#,
        r#"{"status":"success","data":null}"#,
        r#"{"status":"queued","id":"1"}"#,
        r#"{"result":"OK"}"#,
        r#"{"ok":true,"message":"not much to do"}"#,
        r#"{"success":1,"failure":0}"#,
        r#"{"Status":"Ok"}"#,
        r#"{"resultCode":"0000"}"#,
        r#"{"resultCode":"200"}"#,
        r#"{"result":"成功"}"#,
        r#"{"state":"notified"}"#,
        "notified",
        "受け付けました",
        r#"{"status":1,"request":"647d2300"}"#,
        r#"{"status":202}"#,
        r#"{"sentMessages":[{"id":"461230966842064897"}]}"#,
        r#"{"id":"1","message":"an error was reported","severity":"error"}"#,
        r#"[{"status":"ok"},1]"#,
        "{\"cut off",
        r#"{"errors":[],"failed":[]}"#,
        r#"{"errors":{}}"#,
        r#"{"error":null}"#,
        r#"{"failed":0,"sent":1}"#,
        r#"{"failed":"0"}"#,
        r#"{"error":"なし"}"#,
        r#"{"data":{"error":null,"success":true}}"#,
        r#"{"ok":true,"message":{"error":"a word of the sender's"}}"#,
        r#"{"results":[{"error":null},{"error":false}]}"#,
        "no errors",
        "0 errors",
        "Errors: 0",
        "error: none",
        "error=0",
        "Error: no",
        "エラーはありません",
        "エラーなし",
        "失敗件数: 0 件",
        "エラーコード：0",
        "エラーは発生していません",
        "成功",
        r#"{"結果":"成功","エラー":""}"#,
        r#"{"message":"エラーはありませんでした"}"#,
        "<response><error/><status>ok</status></response>",
        "<response><errors></errors><failed>0</failed></response>",
        "<result>ok</result>",
        "<note>an error was reported</note>",
        "status=ok&error=",
    ] {
        assert_eq!(contradiction(body, None), None, "{body}");
    }
}
#[test]
fn what_repeats_the_message_says_nothing_of_itself() {
    let title = "[北病院] 送信できないイベント";
    for body in [
        r#"{"id":"x","message":"[北病院] 送信できないイベント\n接続に失敗しました"}"#,
        "[北病院] 送信できないイベント: 送信に失敗しました",
    ] {
        assert_eq!(contradiction(body, Some(title)), None, "{body}");
        let other = contradiction(body, Some("another message"));
        assert_eq!(other, Some(Contradiction::Failed), "{body}");
    }
}
