//! What the server does by itself with the rows of a table, and tables that are not as they are expected.

use crate::language::Language;
use crate::move_to_mysql::finding::Finding;
use crate::words::harmless;

pub(super) fn of_server(found: &Finding, language: Language) -> String {
    match found {
        Finding::NamedOtherwise(table, name) => {
            let (table, name) = (table.name(), harmless(name));
            both!(
                language,
                "テーブル {table} がありません。{name} はありますが、このサーバーは大文字と小文字を区別します。名前を {table} に変えてもらってください (「RENAME TABLE」)",
                "there is no table {table}, but {name}, and for this server capitals make another name of it: it has to be {table} (RENAME TABLE)"
            )
        }
        Finding::NoKey(table) => {
            let table = table.name();
            both!(
                language,
                "{table}: 列 id で始まるキーがないため、1 件ごとに全件を読むことになります。id を主キーにしてもらってください",
                "{table}: has no key that begins with id, so that the whole table would be read for each row; id has to be the primary key"
            )
        }
        Finding::Triggers(table, names) => {
            let (table, names) = (table.name(), harmless(&names.join(", ")));
            both!(
                language,
                "{table}: トリガー ({names}) は、リレーが書く記録にも 1 件ずつ動きます。記録を変えるトリガーなら verify が示します",
                "{table}: the triggers {names} run for each row that the relay writes too; where they change one, verify says so"
            )
        }
        Finding::Conditions(table, conditions) => {
            let (table, conditions) = (table.name(), harmless(&conditions.join("; ")));
            both!(
                language,
                "{table}: サーバーは次の条件に合う記録だけを受け付けます。合わないものは入りません: {conditions}",
                "{table}: the server takes only rows for which this holds, others stay out: {conditions}"
            )
        }
        Finding::References(table, references) => {
            let (table, references) = (table.name(), harmless(&references.join(", ")));
            both!(
                language,
                "{table}: 記録を消すと、参照している記録 ({references}) もサーバーが消すか変えることがあります。参照されているリレーの記録は、リレーで消えても残し、一覧に表示します",
                "{table}: when a row is deleted, the server may delete or change those that refer to it ({references}); a row of the relay's that others refer to is left there when it is gone here, and listed"
            )
        }
        _ => String::new(),
    }
}
