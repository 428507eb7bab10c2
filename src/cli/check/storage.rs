//! What is kept: the data directory, the database, and the counts of the statistics.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Finding;
use crate::cli::Common;
use crate::cli::words::Speech;
use crate::config::Config;
use crate::http::control_socket::{LONGEST_PATH, is_too_long};
use crate::language::Language;
use crate::relay;
use crate::store::OpenError;
use crate::store::file::inspect::{self, Inspection};

pub(super) async fn all(speech: Speech, common: &Common, config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        directory(speech, &config.storage.directory),
        database(speech, config),
        counts(speech, common, config).await,
    ];
    // The package's daemon has its socket in a directory of its own.
    if !common.is_packaged() {
        findings.extend(socket(speech, &config.storage.directory));
    }
    findings
}

/// The control socket, when its path is longer than a socket's may be.
fn socket(speech: Speech, directory: &Path) -> Option<Finding> {
    let path = relay::control_socket(directory);
    let bytes = path.as_os_str().len();
    let text = match speech.language {
        Language::Ja => format!(
            "{}: パスが {bytes} バイトあります。{LONGEST_PATH} バイト以下になるように storage.directory を短くしてください",
            path.display()
        ),
        Language::En => format!(
            "{}: the path has {bytes} bytes, and a socket's may have {LONGEST_PATH}; choose a shorter storage.directory",
            path.display()
        ),
    };
    is_too_long(&path).then(|| Finding::bad("control socket", text))
}

fn directory(speech: Speech, path: &Path) -> Finding {
    let name = "directory";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return Finding::bad(
                name,
                format!(
                    "{shown}: {}",
                    speech.say("ディレクトリではありません", "not a directory")
                ),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::notable(
                name,
                format!(
                    "{shown}: {}",
                    speech.say(
                        "まだありません。起動時に作成します",
                        "not there yet; the daemon makes it",
                    )
                ),
            );
        }
        Err(error) => return Finding::bad(name, format!("{shown}: {error}")),
    };
    // A file that is written and vanishes says more than the permission bits.
    let written =
        tempfile::tempfile_in(path).and_then(|mut file| file.write_all(b"voicedrive-relay"));
    if let Err(error) = written {
        return Finding::bad(
            name,
            format!(
                "{shown}: {error}; {}",
                speech.say(
                    "デーモンのユーザーが書き込めるようにしてください",
                    "the daemon's user must be able to write there",
                )
            ),
        );
    }
    if metadata.mode() & 0o007 != 0 {
        return Finding::notable(
            name,
            format!(
                "{shown}: {}",
                speech.say(
                    "誰でも読めます。chmod 0750 を勧めます",
                    "everybody can look into it; chmod 0750 is advised",
                )
            ),
        );
    }
    Finding::good(name, shown.to_string())
}

fn database(speech: Speech, config: &Config) -> Finding {
    let name = "database";
    match inspect::inspect(&config.storage.directory) {
        Ok(Inspection::Sound) => Finding::good(name, "quick_check ok".to_owned()),
        Ok(Inspection::Absent) => Finding::notable(
            name,
            speech
                .say(
                    "まだありません。起動時に作成します",
                    "not there yet; the daemon makes it",
                )
                .to_owned(),
        ),
        Err(error @ OpenError::Damaged { .. }) => Finding::bad(
            name,
            format!(
                "{error}{}",
                speech.say(
                    " (壊れています。触らずに、バックアップから復元してください)",
                    "",
                )
            ),
        ),
        Err(error @ OpenError::Locked { .. }) => Finding::notable(name, error.to_string()),
        Err(error) => Finding::bad(name, error.to_string()),
    }
}

/// Whether what the statistics are added up from agrees with the rows. When it does not, the daemon
/// counts anew.
async fn counts(speech: Speech, common: &Common, config: &Config) -> Finding {
    let name = "counts";
    let differ = match inspect::count_differences(&config.storage.directory) {
        Ok(0) => {
            return Finding::good(
                name,
                speech
                    .say("一致しています", "agree with the rows")
                    .to_owned(),
            );
        }
        Ok(differ) => differ,
        Err(error) => return Finding::bad(name, error.to_string()),
    };
    let repaired = async {
        let client = common.client()?;
        client.post("/control/recount", String::new()).await
    };
    match repaired.await {
        Ok(_) => Finding::notable(
            name,
            match speech.language {
                Language::Ja => {
                    format!("{differ} 件の集計が記録と異なっていたため、数え直しました")
                }
                Language::En => {
                    format!("{differ} counts differed from the rows; they were made anew")
                }
            },
        ),
        Err(error) => Finding::bad(
            name,
            match speech.language {
                Language::Ja => format!(
                    "{differ} 件の集計が記録と異なります。デーモンを起動してからもう一度 check を実行すると数え直します ({error})"
                ),
                Language::En => format!(
                    "{differ} counts differ from the rows; start the daemon and run check again, which makes them anew ({error})"
                ),
            },
        ),
    }
}
