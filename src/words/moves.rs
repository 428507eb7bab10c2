//! Moving everything into a MySQL database: what the plan has found, what was copied, what differs.

use crate::language::Language;

#[cfg(feature = "mysql")]
mod findings;
#[cfg(feature = "mysql")]
mod results;

#[cfg(feature = "mysql")]
pub(crate) use findings::{finding, heading, result_of_plan};
#[cfg(feature = "mysql")]
pub(crate) use results::{copied, failed, verified, waiting};

#[cfg(feature = "mysql")]
phrases! {
    /// Short texts of a move.
    Moving {
        Rows: "件", "rows";
        Notes: "移行先について:", "The other side:";
        OfRows: "共有テーブルに入らない、または変わる記録 (リレー専用のデータベースにはすべて入ります):", "Rows that stay out of the shared tables, or are changed on the way (the relay's own database has all of them, whole):";
        ToMend: "先に直す必要があります:", "To be mended first:";
        CanBeCopied: "コピーできます。コピー: move-to-mysql copy", "It can be copied: move-to-mysql copy";
        CannotBeCopied: "直してから、もう一度 plan を実行してください。何も書き込んでいません", "Mend it and plan again. Nothing was written";
    }
}

/// This program is the one without MySQL.
#[cfg(not(feature = "mysql"))]
pub(crate) fn in_the_other_package(language: Language) -> String {
    both!(
        language,
        "move-to-mysql はパッケージ voicedrive-relay-mysql に入っています。このパッケージを入れると、設定とデータはそのままで置き換わります",
        "move-to-mysql is in the package voicedrive-relay-mysql; installing it takes the place of this one, with its configuration and data"
    )
}

/// Something of the other side, in the language of the reader.
#[cfg(feature = "mysql")]
fn named(rows: &crate::move_to_mysql::finding::Named, language: Language) -> String {
    let (count, ids) = (rows.count, super::harmless(&rows.ids.join(", ")));
    let more = if rows.count > rows.ids.len() as u64 {
        ", ..."
    } else {
        ""
    };
    both!(
        language,
        "{count} 件 ({ids}{more})",
        "{count} ({ids}{more})"
    )
}
