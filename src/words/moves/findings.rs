//! What the plan has found.

mod of_server;

use super::{Moving, named};
use crate::language::Language;
use crate::move_to_mysql::finding::{Finding, Form, Weight};
use crate::shared_database::SharedTable;
use of_server::of_server;

/// What stands above findings of the same weight.
pub(crate) fn heading(weight: Weight) -> Moving {
    match weight {
        Weight::Note => Moving::Notes,
        Weight::Rows => Moving::OfRows,
        Weight::Hinders => Moving::ToMend,
    }
}

/// What stands below all of them.
pub(crate) fn result_of_plan(hinders: usize) -> Moving {
    match hinders {
        0 => Moving::CanBeCopied,
        _ => Moving::CannotBeCopied,
    }
}

/// One of them, in a sentence.
pub(crate) fn finding(found: &Finding, language: Language) -> String {
    match found {
        Finding::Server(_)
        | Finding::Form(_)
        | Finding::RowsOfTheirs(..)
        | Finding::WaitingOfTheirs(_)
        | Finding::Collation(..)
        | Finding::NotStrict(_)
        | Finding::TimeZone(_)
        | Finding::Clock(_)
        | Finding::Amount(..)
        | Finding::Duration(..) => note(found, language),
        Finding::Rows(table, what, column, rows) => {
            let rows = named(rows, language);
            let what = of_row(what, column, language);
            let table = table.name();
            both!(
                language,
                "{table}: {what}: {rows}",
                "{table}: {what}: {rows}"
            )
        }
        _ => of_tables(found, language),
    }
}

fn note(found: &Finding, language: Language) -> String {
    match found {
        Finding::Server(version) => both!(language, "サーバー: {version}", "server: {version}"),
        Finding::Form(form) => match form {
            Some(Form::Prisma) => both!(
                language,
                "テーブルは Prisma が作った形です (文字列はすべて 191 文字まで)",
                "the tables are as Prisma makes them: every text has 191 characters at most"
            ),
            Some(Form::HandWritten) => both!(
                language,
                "テーブルは手書きの SQL ファイルの形です",
                "the tables are as the SQL file that was written by hand makes them"
            ),
            None => both!(
                language,
                "テーブルは、知られている 2 つの形のどちらでもありません。列ごとに調べます",
                "the tables are in neither of the two known forms; each column was looked at"
            ),
        },
        Finding::RowsOfTheirs(table, count) => {
            let table = table.name();
            both!(
                language,
                "{table}: スタッフシステム自身の記録が {count} 件あります。変更しません",
                "{table}: has {count} rows of the staff system's own, which are not touched"
            )
        }
        Finding::WaitingOfTheirs(rows) => {
            let rows = named(rows, language);
            both!(
                language,
                "webhook_retry_queue: スタッフシステム自身の再送が残っています。スタッフシステムがこれからも送ります: {rows}",
                "webhook_retry_queue: has retries of the staff system's own that are still to be made, by the staff system: {rows}"
            )
        }
        Finding::Collation(table, collation) => {
            let table = table.name();
            both!(
                language,
                "{table}: 照合順序 {collation} は、大文字と小文字など、異なる ID を同じとみなすことがあります",
                "{table}: the collation {collation} takes some ids for one, such as in capitals and in small letters"
            )
        }
        Finding::NotStrict(mode) => both!(
            language,
            "ほかの接続の sql_mode ({mode}) は厳格ではなく、長すぎる値を黙って切ります。リレーの接続だけは厳格にします",
            "the sql_mode of other connections ({mode}) is not strict and cuts what is too long without a word; the relay's own connection is strict"
        ),
        Finding::TimeZone(zone) => both!(
            language,
            "ほかの接続のタイムゾーン: {zone}。リレーは Prisma と同じく UTC で書きます",
            "the time zone of other connections is {zone}; the relay writes UTC, as Prisma does"
        ),
        Finding::Clock(seconds) => both!(
            language,
            "サーバーの時計は {seconds} 秒ずれています",
            "the server's clock is off by {seconds} seconds"
        ),
        Finding::Amount(events, interviews) => both!(
            language,
            "コピーするもの: イベント {events} 件、面談記録 {interviews} 件",
            "to be copied: {events} events, {interviews} interview records"
        ),
        Finding::Duration(seconds, measured) => {
            let minutes = seconds.div_ceil(60);
            if *measured {
                both!(
                    language,
                    "最初のコピーは約 {minutes} 分かかります (このサーバーで試した速さから)",
                    "the first copy takes about {minutes} min, by the speed that was tried there"
                )
            } else {
                both!(
                    language,
                    "最初のコピーは約 {minutes} 分かかります (見込み。一時テーブルを作る権限がないため試していません)",
                    "the first copy takes about {minutes} min: a guess, as this user may not make a temporary table to try it"
                )
            }
        }
        _ => String::new(),
    }
}

fn of_tables(found: &Finding, language: Language) -> String {
    match found {
        Finding::NoDatabase(name) => both!(
            language,
            "データベース {name} がないか、このユーザーには見えません",
            "there is no database {name}, or this user may not see it"
        ),
        Finding::NotGranted(what, on) => both!(
            language,
            "権限がありません: {what} ({on})。「GRANT {what} ON {on}」で与えてください",
            "this user lacks the privilege {what} on {on}: GRANT {what} ON {on}"
        ),
        Finding::NoTable(table) => {
            let name = table.name();
            match table {
                SharedTable::Interviews => both!(
                    language,
                    "テーブル {name} がありません。面談記録はリレー専用のデータベースだけに入ります",
                    "there is no table {name}: interview records go into the relay's own database alone"
                ),
                _ => both!(
                    language,
                    "テーブル {name} がありません。スタッフシステムの担当者に作ってもらってください",
                    "there is no table {name}: whoever looks after the staff system has to make it"
                ),
            }
        }
        Finding::OtherInterviews => both!(
            language,
            "テーブル interviews はスタッフシステムのものではありません (interview_status または employee_id がない)。面談記録はリレー専用のデータベースだけに入ります",
            "the table interviews is not the staff system's (it has no interview_status or employee_id): interview records go into the relay's own database alone"
        ),
        Finding::LacksColumns(table, columns) => {
            let (table, columns) = (table.name(), columns.join(", "));
            both!(
                language,
                "{table}: 列がありません: {columns}",
                "{table}: lacks the columns {columns}"
            )
        }
        Finding::NeedsColumns(table, columns) => {
            let (table, columns) = (table.name(), columns.join(", "));
            both!(
                language,
                "{table}: リレーにない値が必須になっています: {columns}。NULL を許すか既定値を付けてもらってください",
                "{table}: needs values that the relay does not have: {columns}; they have to allow NULL or have a default"
            )
        }
        Finding::Coarse(table, column) => {
            let table = table.name();
            both!(
                language,
                "{table}.{column}: DATETIME(3) ではないため、ミリ秒が失われます",
                "{table}.{column}: is no DATETIME(3), and loses the milliseconds"
            )
        }
        Finding::LacksWords(table, column, words) => {
            let (table, words) = (table.name(), words.join(", "));
            both!(
                language,
                "{table}.{column}: 次の値を受け付けません: {words}",
                "{table}.{column}: does not take {words}"
            )
        }
        Finding::CharacterSet(table, column, set) => {
            let table = table.name();
            both!(
                language,
                "{table}.{column}: 文字コード {set} では入らない文字があります。utf8mb4 にしてもらってください",
                "{table}.{column}: the character set {set} does not keep every text; it has to be utf8mb4"
            )
        }
        Finding::Engine(table, engine) if engine.is_empty() => {
            let table = table.name();
            both!(
                language,
                "{table}: テーブルではなくビューです。テーブルのあるデータベースを shared_database に書いてください",
                "{table}: is a view and no table; name the database that has the table as shared_database"
            )
        }
        Finding::Engine(table, engine) => {
            let table = table.name();
            both!(
                language,
                "{table}: エンジン {engine} にはトランザクションがありません。InnoDB にしてもらってください",
                "{table}: the engine {engine} has no transactions; it has to be InnoDB"
            )
        }
        Finding::SmallPackets(takes, needs) => both!(
            language,
            "サーバーの max_allowed_packet は {takes} バイトです。{needs} バイト以上にしてください",
            "the server's max_allowed_packet is {takes} bytes; it has to be {needs} at least"
        ),
        _ => of_more(found, language),
    }
}

fn of_more(found: &Finding, language: Language) -> String {
    match found {
        Finding::NotOwn(name, tables) => {
            let tables = super::super::harmless(&tables.join(", "));
            both!(
                language,
                "リレー専用のはずのデータベース {name} に、リレーのものではないテーブルがあります: {tables}。別の名前を「database」に書いてください",
                "{name}, which was to be the relay's own database, has tables that are not the relay's: {tables}; name another one as database"
            )
        }
        Finding::Generated(table, columns) => {
            let (table, columns) = (table.name(), columns.join(", "));
            both!(
                language,
                "{table}: サーバーが値を作る列 (「GENERATED」) には書き込めません: {columns}。通常の列にしてもらってください",
                "{table}: the server makes the values of {columns} itself (GENERATED); they have to be ordinary columns"
            )
        }
        Finding::NoEmployees => both!(
            language,
            "テーブル employees がないか、このユーザーでは読めません (「GRANT SELECT」)。面談記録の職員を対応付けられません",
            "there is no table employees, or this user may not read it (GRANT SELECT): no interview can be told whose it is"
        ),
        Finding::NoStandIn(known_as) => both!(
            language,
            "missing_interviewer に書かれた職員 {known_as} が employees にいません",
            "missing_interviewer: there is no employee {known_as} in employees"
        ),
        Finding::ReadOnly => both!(
            language,
            "サーバーは読み取り専用です (read_only)。書き込めるサーバーを指定してください",
            "the server takes no changes (read_only): name the one that does"
        ),
        Finding::SameIds(table, column, collation, rows) => {
            let (table, rows) = (table.name(), named(rows, language));
            both!(
                language,
                "{table}.{column}: サーバー ({collation}) が同じとみなす値です。どちらか一方しか入りません: {rows}",
                "{table}.{column}: the server ({collation}) takes these for one, and only one of each pair goes in: {rows}"
            )
        }
        Finding::Theirs(table, column, rows) => {
            let (table, rows) = (table.name(), named(rows, language));
            both!(
                language,
                "{table}: {column} が同じスタッフシステムの記録がすでにあります。上書きしないため、リレーの記録は入りません: {rows}",
                "{table}: the staff system has rows with the same {column} already, which are not overwritten: the relay's stay out: {rows}"
            )
        }
        Finding::Waiting(rows) => {
            let rows = named(rows, language);
            both!(
                language,
                "まだ送っていないものがあります。スタッフシステムに渡すと二重に送られるため、リレーに残します: {rows}",
                "deliveries that are still to be made stay with the relay, as the staff system would send them a second time: {rows}"
            )
        }
        _ => of_server(found, language),
    }
}

/// What becomes of a row.
pub(super) fn of_row(what: &str, column: &str, language: Language) -> String {
    match what {
        "cut" => both!(
            language,
            "{column} が長すぎるため、文字の切れ目で切ります",
            "{column} is too long, and is cut between two characters"
        ),
        "too_long" => both!(
            language,
            "{column} が長すぎるため、入りません",
            "{column} is too long, so that the row stays out"
        ),
        "characters_replaced" => both!(
            language,
            "{column} の文字コードで入らない文字を ? に置き換えます",
            "{column} cannot keep some characters, which become ?"
        ),
        "no_such_character" => both!(
            language,
            "{column} の文字コードで入らない文字があるため、入りません",
            "{column} cannot keep a character, so that the row stays out"
        ),
        "too_large" => both!(
            language,
            "{column} の数が列の上限を超えるため、入りません",
            "{column} is too large a number for the column, so that the row stays out"
        ),
        "too_early" => both!(
            language,
            "{column} が 1000 年より前のため、入りません",
            "{column} is before the year 1000, so that the row stays out"
        ),
        "no_such_employee" => both!(
            language,
            "{column} の職員が employees にいないため、入りません",
            "{column} is no employee in employees, so that the row stays out"
        ),
        "missing" => both!(
            language,
            "{column} が必須なのに値がないため、入りません",
            "{column} is needed there and has no value, so that the row stays out"
        ),
        "stands_in" => both!(
            language,
            "{column} がないため、missing_interviewer の職員が代わりに入ります",
            "{column} is needed there and has no value: missing_interviewer stands in"
        ),
        "waits" => both!(
            language,
            "まだ再送を待っているため、リレーに残します",
            "waits for a retry, and stays with the relay"
        ),
        "id_is_theirs" => both!(
            language,
            "この ID の記録がすでにあるため、上書きしません",
            "a row with this id is there already, which is not overwritten"
        ),
        "is_referred_to" => both!(
            language,
            "リレーにはもうありませんが、スタッフシステムの記録が参照しているため消せません。参照をなくしてから、もう一度コピーしてください",
            "is gone here, and cannot be taken out because rows of the staff system's refer to it: have them refer to it no more, then copy again"
        ),
        "id_is_one_with_another" => both!(
            language,
            "ID などの重複できない値が、サーバーではほかの記録と同じとみなされるため、入りません",
            "for the server the id, or another value that has to be unique, is that of another row, so that the row stays out"
        ),
        other => {
            let code = other.strip_prefix("refused_").unwrap_or(other);
            both!(
                language,
                "サーバーが受け付けません (エラー {code})",
                "the server refuses the row (error {code})"
            )
        }
    }
}

#[cfg(test)]
mod tests;
