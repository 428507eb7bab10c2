//! Words by which services say how it went, in English and Japanese: names of fields and what stands in them. They are
//! read, and never said.

/// Set to true by success, to false by failure.
pub(crate) const YES_OR_NO: &[&str] = &["ok", "success", "succeeded"];
/// Set, and neither empty nor zero nor a no, by failure only.
pub(crate) const FAULTS: &[&str] = &[
    "error",
    "errors",
    "err",
    "error_description",
    "exception",
    "failed",
    "failure",
    "failures",
    "fault",
    "faultcode",
    "faultstring",
    "エラー",
];
/// What is said to a person. Beside a plain yes it means nothing.
pub(crate) const MESSAGES: &[&str] = &["message", "msg", "detail", "メッセージ"];
/// Numbers or words of failure, or zero, or a word of success.
pub(crate) const FAULT_CODES: &[&str] =
    &["errcode", "errorCode", "error_code", "err_code", "errno"];
/// Numbers of services or statuses of HTTP, or words. Beside a plain yes they mean nothing: services disagree on them.
pub(crate) const CODES: &[&str] = &["code", "resultCode", "result_code", "retcode", "ret_code"];
/// Statuses of HTTP, or words.
pub(crate) const STATUSES: &[&str] = &[
    "status",
    "statusCode",
    "status_code",
    "stat",
    "result",
    "state",
    "結果",
    "状態",
    "ステータス",
];
// The names above are known in capital and in small letters.
/// Words of success, in small letters.
pub(crate) const GOOD: &[&str] = &[
    "ok",
    "success",
    "successful",
    "succeeded",
    "accepted",
    "none",
    "no_error",
    "no error",
    "成功",
    "正常",
    "正常終了",
    "完了",
];
/// Words of failure, in small letters.
pub(crate) const BAD: &[&str] = &[
    "ng",
    "nok",
    "nack",
    "bad",
    "not",
    "cannot",
    "unable",
    "unknown",
    "error",
    "err",
    "fail",
    "failed",
    "failure",
    "fatal",
    "invalid",
    "denied",
    "forbidden",
    "unauthorized",
    "rejected",
    "refused",
    "expired",
];
/// Words of failure, wherever they stand in Japanese.
pub(crate) const BAD_JAPANESE: &[&str] = &[
    "失敗",
    "エラー",
    "異常",
    "不正",
    "無効",
    "拒否",
    "できません",
    "見つかりません",
    "権限がありません",
];
/// What may stand between a word of failure and a word that denies it.
pub(crate) const BETWEEN: &[&str] = &[
    "は",
    "が",
    "も",
    "の",
    "件数",
    "数",
    "コード",
    "発生",
    ":",
    "：",
    "=",
    "＝",
    " ",
    "　",
];
/// What denies a word of failure before it.
pub(crate) const DENIALS: &[&str] = &[
    "なし",
    "無し",
    "ない",
    "無い",
    "なかった",
    "ありません",
    "ございません",
    "していません",
    "しませんでした",
    "none",
    "null",
    "false",
    "no",
];
/// What stands between a name and its value.
pub(crate) const SEPARATORS: [char; 4] = ['=', ':', '：', '＝'];
