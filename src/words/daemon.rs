//! What commands say when the daemon does not answer them as it should.

use std::path::Path;

use crate::command_line::CommandLine;
use crate::language::Language;

/// The daemon is not where its socket should be.
pub(crate) fn unreachable(socket: &Path, commands: &CommandLine, language: Language) -> String {
    let socket = socket.display();
    let runs = in_brackets(commands.service("systemctl status"));
    both!(
        language,
        "{socket}: リレーに接続できません。動いているか{runs}、グループ voicedrive-relay に入っているか (または sudo で) を確かめてください。",
        "{socket}: the daemon cannot be reached. See whether it runs{runs}, and whether you are in the group voicedrive-relay (or use sudo)."
    )
}

/// A command behind what it shows.
fn in_brackets(command: Option<String>) -> String {
    command.map_or_else(String::new, |command| format!(" ({command})"))
}

/// A mistake in the configuration hides a relay that runs.
pub(crate) fn relay_goes_on(language: Language) -> &'static str {
    language.say(
        "リレーは動いていて、読み込み済みの前の設定のまま送受信を続けています。このコマンドは、上の誤りを直すと使えます",
        "the relay runs, and goes on with the configuration that it read before; this command works when the above is mended",
    )
}

/// The daemon listens in the data directory that it began with.
pub(crate) fn perhaps_moved(unreachable: &str, language: Language) -> String {
    both!(
        language,
        "{unreachable} storage.directory を変えた場合は、reload ではなくリレーを再起動してください",
        "{unreachable} When storage.directory was changed, the relay has to be restarted: it still listens in the old one."
    )
}

/// The daemon is there: nobody must do its work beside it.
pub(crate) fn no_answer_in_time(socket: &Path, language: Language) -> String {
    let socket = socket.display();
    both!(
        language,
        "{socket}: リレーは動いていますが、時間内に応答しませんでした。依頼した処理は続いている可能性があります。",
        "{socket}: the daemon is there and did not answer in time; what it was asked to do may be done all the same."
    )
}

/// Somebody listens, and does not say a word.
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

/// What answers at the socket is no daemon of this kind.
pub(crate) fn answer_is_not_json(error: &serde_json::Error, language: Language) -> String {
    both!(
        language,
        "リレーの応答を読めません。リレーとコマンドが同じバージョンか確かめてください",
        "the daemon's answer is not JSON: {error}"
    )
}

/// A refusal without a word about it.
pub(crate) fn refused(language: Language) -> String {
    both!(language, "リレーに断られました", "the daemon refused")
}
