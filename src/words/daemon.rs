//! Errors of commands when the daemon cannot be reached or does not answer properly.

use std::path::Path;

use crate::command_line::CommandLine;
use crate::language::Language;

/// Nobody listens on the control socket.
pub(crate) fn unreachable(socket: &Path, commands: &CommandLine, language: Language) -> String {
    let socket = socket.display();
    let runs = in_brackets(commands.service("systemctl status"));
    both!(
        language,
        "{socket}: リレーに接続できません。動いているか{runs}、グループ voicedrive-relay に入っているか (または sudo で) を確かめてください。",
        "{socket}: the daemon cannot be reached. See whether it runs{runs}, and whether you are in the group voicedrive-relay (or use sudo)."
    )
}

/// A command in brackets.
fn in_brackets(command: Option<String>) -> String {
    command.map_or_else(String::new, |command| format!(" ({command})"))
}

/// The configuration has a mistake, but the relay runs with the one that it has read before.
pub(crate) fn relay_goes_on(language: Language) -> &'static str {
    language.say(
        "リレーは動いていて、読み込み済みの前の設定のまま送受信を続けています。このコマンドは、上の誤りを直すと使えます",
        "the relay runs, and goes on with the configuration that it read before; this command works when the above is mended",
    )
}

/// The daemon may still use a former data directory: a change needs a restart.
pub(crate) fn perhaps_moved(unreachable: &str, language: Language) -> String {
    both!(
        language,
        "{unreachable} storage.directory を変えた場合は、reload ではなくリレーを再起動してください",
        "{unreachable} When storage.directory was changed, the relay has to be restarted: it still listens in the old one."
    )
}

/// The daemon has accepted the request and not answered in time, so the request may still be carried out.
pub(crate) fn no_answer_in_time(socket: &Path, language: Language) -> String {
    let socket = socket.display();
    both!(
        language,
        "{socket}: リレーは動いていますが、時間内に応答しませんでした。依頼した処理は続いている可能性があります。",
        "{socket}: the daemon is there and did not answer in time; what it was asked to do may be done all the same."
    )
}

/// The connection ended before the answer, so the request may have been carried out.
pub(crate) fn cut_off(socket: &Path, language: Language) -> String {
    let socket = socket.display();
    both!(
        language,
        "{socket}: リレーの応答の前に、接続が切れました。リレーが止まった可能性があります。依頼した処理が済んだかどうかは分かりません。リレーが動いたら、結果を確かめてから、もう一度実行してください。",
        "{socket}: the connection broke before the daemon's answer: perhaps the daemon was stopped. Whether it was done is not known: look, when the daemon runs again, before this is repeated."
    )
}

/// Something listens on the socket and never answers.
pub(crate) fn nobody_speaks(
    socket: &Path,
    seconds: u64,
    commands: &CommandLine,
    language: Language,
) -> String {
    let socket = socket.display();
    let log = commands.service("journalctl -n 20 -u");
    let log = log.unwrap_or_else(|| language.say("リレーのログ", "its log").to_owned());
    both!(
        language,
        "{socket}: {seconds} 秒待っても応答がありません。リレーが動かなくなっているか、別のプログラムがこの接続口を使っています。{log} と ss -xlp を確かめてください。",
        "{socket}: somebody listens there and has not answered for {seconds} seconds. The daemon hangs, or another program uses this socket: see {log} and ss -xlp."
    )
}

/// The answer is not JSON, as that of another version or program.
pub(crate) fn answer_is_not_json(error: &serde_json::Error, language: Language) -> String {
    both!(
        language,
        "リレーの応答を読めません。リレーとコマンドが同じバージョンか確かめてください",
        "the daemon's answer is not JSON: {error}"
    )
}

/// An error without a message.
pub(crate) fn refused(language: Language) -> String {
    both!(language, "リレーに断られました", "the daemon refused")
}
