# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_voicedrive_relay_global_optspecs
    string join \n config= json as= h/help V/version
end

function __fish_voicedrive_relay_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_voicedrive_relay_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_voicedrive_relay_using_subcommand
    set -l cmd (__fish_voicedrive_relay_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -s V -l version -d 'Print version'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "serve" -d 'Run the daemon'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "reload" -d 'Let the daemon read its configuration and its secrets again'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "demo" -d 'Show the whole thing on this machine: relay, a stand-in VoiceDrive, sample events'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "check" -d 'Examine configuration, secrets, directory, database, port, receivers and mail servers'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "send" -d 'Hand in an event'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "import" -d 'Hand in a whole file'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "status" -d 'Show totals, queue, next attempt and last send'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "tail" -d 'Show deliveries, the newest last; with -f as they happen'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "show" -d 'Show one event with every attempt'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "stats" -d 'Count what was sent in a range, by day, type or route'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "kpi" -d 'Show the five goals: sends, interviews, losses, answers, retries'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "export" -d 'Write deliveries or interview records into a file for a spreadsheet or a program'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "resend" -d 'Send events again, each with a fresh budget of retries'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "reconcile" -d 'Compare what was sent with what VoiceDrive has, by request id'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "recover" -d 'Send again what did not arrive because VoiceDrive was away'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "hold" -d 'Pause sending until a given moment; accepting goes on'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "secret" -d 'Make a new secret, such as a key that signs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "token" -d 'Issue, revoke and list the tokens with which others call the API'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "monitor" -d 'Let people look at the monitor page, see who does, and end it'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "alert" -d 'Show what an admin was told, test the channels, dismiss what needs nobody any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "audit" -d 'Show who changed what, and who looked at payloads'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "staff" -d 'Show or erase what is kept of one person'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "backup" -d 'Write a copy of the database that needs no other file'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "verify" -d 'Say whether a file is a good copy'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "restore" -d 'Put a copy in the place of the database; the daemon must be stopped'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "move-to-mysql" -d 'Carry everything into the staff system\'s shared MySQL database: plan, copy, verify'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "receiver" -d 'Run the stand-in VoiceDrive on its own: verifies signatures, prints what arrives'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "receiver-test" -d 'Examine somebody else\'s receiver, and say what it gets wrong'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand serve" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand serve" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand serve" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand serve" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reload" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reload" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reload" -l drop -d 'Lose a URL, a secret, a route or some of its events, names of events that are taken, a proxy, a sender or an alert channel in force, or the file of the secrets: without this, such a reload is refused'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reload" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reload" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand demo" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand demo" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand demo" -l exit -d 'End after the show; exit code 0 when everything arrived'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand demo" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand demo" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand check" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand check" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand check" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand check" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l data -d 'A file with the payload, a JSON object; - for standard input; without it the payload is {}' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l staff-id -d 'Whom it is about; otherwise what the payload says in staffId or employeeId' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l wait -d 'Show its attempts until it is delivered (exit code 0) or exhausted (1)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand send" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -l template -d 'Print a CSV file with a Japanese header and two rows, to be filled in; into FILE when it is given' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -f -a "interviews" -d 'Interview records from a CSV, TSV, JSON or NDJSON file: all of them, or none'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and not __fish_seen_subcommand_from interviews help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l zone -d 'The clock of times that say no zone, such as Asia/Tokyo or UTC' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l unknown-origin -d 'When rescheduledFromId names a record that is nowhere: keep it, which is refused, or import the row without it' -r -f -a "keep\t''
drop\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l format -d 'How the file is written; otherwise its name (.csv, .tsv, .json, .ndjson) or its beginning says it' -r -f -a "csv\t'Cells separated by commas, semicolons or tabs, under a header'
tsv\t'Cells separated by tabs, under a header'
json\t'One JSON array of records'
ndjson\t'One record a line'"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l encoding -d 'The characters of the file; otherwise they are recognised' -r -f -a "utf-8\t'UTF-8, with or without a byte order mark'
shift-jis\t'As Japanese spreadsheets write it (Windows code page 932)'"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l columns -d 'The names of the columns of a file without a header, with commas between them' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l dry-run -d 'Check everything, keep nothing'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l template -d 'Print a CSV file with a Japanese header and two rows, to be filled in; into FILE when it is given'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from interviews" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from help" -f -a "interviews" -d 'Interview records from a CSV, TSV, JSON or NDJSON file: all of them, or none'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand import; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand status" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand status" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand status" -l exit-code -d 'End with exit code 1 when a person is needed: events that were given up, an alert that is not over, a channel or a heartbeat that cannot be told, no backup, a full disk, a clock that may be wrong, a hold that only a person ends'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand status" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand status" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -s n -l limit -d 'How many are shown at first, the newest ones, from 1 to 1000' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l status -d 'Only events with this status' -r -f -a "accepted\t''
retrying\t''
delivered\t''
exhausted\t''
dismissed\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l event-type -d 'Only events with this name' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l staff-id -d 'Only events about this member of the staff' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l route -d 'Only events that take this route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l since -d 'Only events accepted since then: 2025-10-26 (from midnight), "2025-10-26 14:30" (by the configured time zone) or 2025-10-26T14:30:00+09:00' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l until -d 'Only events accepted until then; a day is meant to its end' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -s f -l follow -d 'Go on, and show what happens as it happens'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand tail" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand show" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand show" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand show" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand show" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l period -d 'A span that ends now' -r -f -a "24h\t''
7d\t''
30d\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l since -d 'What was sent since then, written as `tail` takes it; a day is meant from its midnight' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l until -d 'What was sent until then; a day is meant to its end' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l month -d 'A month, such as 2025-10' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l week -d 'A week from Monday to Sunday, such as 2025-W43, or a day in it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l by -d 'What makes a row' -r -f -a "day\t''
type\t''
route\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand stats" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand kpi" -l period -d 'Which sends, retries and interviews count; the span ends now' -r -f -a "24h\t''
7d\t''
30d\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand kpi" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand kpi" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand kpi" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand kpi" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -f -a "deliveries" -d 'Deliveries with what has become of them, the oldest first; never payloads'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -f -a "interviews" -d 'Interview records, in the order in which they came first'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and not __fish_seen_subcommand_from deliveries interviews help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l format -d 'How the file is written; otherwise its name (.csv, .json, .ndjson) says it, and for - it is CSV' -r -f -a "csv\t'Cells under a header, for a spreadsheet'
json\t'One JSON array'
ndjson\t'One JSON object a line'"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l status -d 'Only events with this status' -r -f -a "accepted\t''
retrying\t''
delivered\t''
exhausted\t''
dismissed\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l event-type -d 'Only events with this name' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l staff-id -d 'Only events about this member of the staff' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l route -d 'Only events that take this route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l since -d 'Only events accepted since then: 2025-10-26 (from midnight), "2025-10-26 14:30" (by the configured time zone) or 2025-10-26T14:30:00+09:00' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l until -d 'Only events accepted until then; a day is meant to its end' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from deliveries" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from interviews" -l format -d 'How the file is written; otherwise its name (.csv, .json, .ndjson) says it, and for - it is CSV' -r -f -a "csv\t'Cells under a header, for a spreadsheet'
json\t'One JSON array'
ndjson\t'One JSON object a line'"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from interviews" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from interviews" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from interviews" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from interviews" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "deliveries" -d 'Deliveries with what has become of them, the oldest first; never payloads'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "interviews" -d 'Interview records, in the order in which they came first'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand export; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l event-type -d 'Only events with this name' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l staff-id -d 'Only events about this member of the staff' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l route -d 'Only events that take this route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l since -d 'Only events accepted since then: 2025-10-26 (from midnight), "2025-10-26 14:30" (by the configured time zone) or 2025-10-26T14:30:00+09:00' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l until -d 'Only events accepted until then; a day is meant to its end' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l status -d 'Only events with this status' -r -f -a "accepted\t''
retrying\t''
delivered\t''
exhausted\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l only -d 'Send these alone, and not what was delivered later for the same person'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l dry-run -d 'Count them, by name and by day, and change nothing'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand resend" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l route -d 'Only deliveries of this route; without it: all that VoiceDrive counts' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l from -d 'Only events accepted since then; without it: from the first id of the file on' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l to -d 'Only events accepted before then; without it: up to the last id of the file' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l as-of -d 'The list has what had arrived by then; without it: when the file was written' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l unit -d 'The length of a slot, in UTC' -r -f -a "day\t'A day'
hour\t'An hour'"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l resend -d 'Send again what is missing, and what was delivered later for the same persons'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l only -d 'With --resend: leave out what was delivered later for the same persons'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l digest -d 'Print for each day or hour how much was delivered, with a digest of the ids'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand reconcile" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -l route -d 'Only this route; otherwise every route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -l dry-run -d 'Count them, and change nothing'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand recover" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -l route -d 'Only this route; otherwise every route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -l until -d 'When it ends, at most 72 hours away: 06:00 (the next one) or "2025-10-27 06:00" by the configured time zone, or 2025-10-27T06:00:00+09:00' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -a "end" -d 'End a hold before its time'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -a "list" -d 'Show what is on hold'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and not __fish_seen_subcommand_from end list help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from end" -l route -d 'The hold of this route; otherwise that of every route' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from end" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from end" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from end" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from list" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from help" -f -a "end" -d 'End a hold before its time'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show what is on hold'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand hold; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -f -a "make" -d 'Print a new secret: 64 characters that nobody can guess; it is kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and not __fish_seen_subcommand_from make help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from make" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from make" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from make" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from make" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "make" -d 'Print a new secret: 64 characters that nobody can guess; it is kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand secret; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -f -a "issue" -d 'Issue a token; it is shown once and kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -f -a "revoke" -d 'Revoke a token for good, by its id as `token list` shows it, or all of one subject'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -f -a "list" -d 'List the tokens that were issued'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and not __fish_seen_subcommand_from issue revoke list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l subject -d 'For whom' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l scope -d 'What it allows: one or more scopes, separated by blanks' -r -f -a "stats:read\t''
reconcile\t''
events:write\t''
events:read\t''
interviews:write\t''
interviews:read\t''
admin\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l days -d 'For how many days, from 1 to 3650' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from issue" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -l subject -d 'All tokens of this subject' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -l issued-elsewhere -d 'The token was issued elsewhere with the same key, so it is in no list here'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from list" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "issue" -d 'Issue a token; it is shown once and kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke a token for good, by its id as `token list` shows it, or all of one subject'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the tokens that were issued'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -f -a "login" -d 'Print a link with which somebody can log in to the page, once and within 10 minutes'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -f -a "sessions" -d 'List who is logged in'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -f -a "logout" -d 'End logins, by the id that `monitor sessions` shows, by name, or all of them'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and not __fish_seen_subcommand_from login sessions logout help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l name -d 'Whose login it is' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l role -d 'What they may do' -r -f -a "viewer\t''
operator\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l hours -d 'How long they stay logged in: 1 to 12 hours, a viewer up to 2160 (90 days)' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from sessions" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from sessions" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from sessions" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from sessions" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -l name -d 'All of this name' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -l all -d 'All of them, and codes that nobody has used yet'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from help" -f -a "login" -d 'Print a link with which somebody can log in to the page, once and within 10 minutes'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from help" -f -a "sessions" -d 'List who is logged in'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from help" -f -a "logout" -d 'End logins, by the id that `monitor sessions` shows, by name, or all of them'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand monitor; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -f -a "test" -d 'Send a test message over every channel of the configuration'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -f -a "history" -d 'Show what was told, the newest last'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -f -a "dismiss" -d 'Say that what did not arrive needs nothing any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and not __fish_seen_subcommand_from test history dismiss help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from test" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from test" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from test" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -l limit -d 'At most so many, up to 200' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -l open -d 'Only what is not over'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from dismiss" -l reason -d 'Why' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from dismiss" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from dismiss" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from dismiss" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from dismiss" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a test message over every channel of the configuration'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show what was told, the newest last'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "dismiss" -d 'Say that what did not arrive needs nothing any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l since -d 'Only since then: 2025-10-26 (from midnight), "2025-10-26 14:30" or 2025-10-26T14:30:00+09:00' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l until -d 'Only until then; a day is meant to its end' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l who -d 'Only what this one did, or said to have done' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -s n -l limit -d 'At most so many, the newest ones; without it 50, and all into a file' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l output -d 'Write them to this file, by its ending as .csv, .json or .ndjson' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand audit" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -f -a "show" -d 'Show everything that is kept about one person, for a disclosure'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -f -a "erase" -d 'Erase one person\'s payloads, answers, names and staff id; what is counted stays'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and not __fish_seen_subcommand_from show erase help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from show" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from show" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l dry-run -d 'Count it, and change nothing'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l give-up -d 'Give up what did not arrive: it is not sent any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l copies -d 'Delete the other copies of the database in the data directory, of before a restore or an upgrade, as a whole'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from erase" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show everything that is kept about one person, for a disclosure'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from help" -f -a "erase" -d 'Erase one person\'s payloads, answers, names and staff id; what is counted stays'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand staff; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand backup" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand backup" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand backup" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand backup" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand verify" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand verify" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand verify" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand verify" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l as-it-is -d 'Take a copy of live/relay.db too, with the relay.db-wal that lies beside it: what was kept last may be missing'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l of-another-relay -d 'Take a copy of another relay\'s database too, though the present one has events or interview records'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l hold -d 'Send nothing after the start until somebody types `hold end`; accepting goes on'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand restore" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -f -a "plan" -d 'Say what fits, what does not, and how long it takes; nothing is written'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -f -a "copy" -d 'Copy everything, or what changed since the last time; the relay goes on working'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -f -a "verify" -d 'Compare both sides row by row, and all statistics'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and not __fish_seen_subcommand_from plan copy verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from plan" -l target -d 'The file that says where the server is; only its owner may read it' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from plan" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from plan" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from plan" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -l target -d 'The file that says where the server is; only its owner may read it' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -l anew -d 'Write everything again, also what was copied already'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from verify" -l target -d 'The file that says where the server is; only its owner may read it' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from verify" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from verify" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from verify" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from help" -f -a "plan" -d 'Say what fits, what does not, and how long it takes; nothing is written'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from help" -f -a "copy" -d 'Copy everything, or what changed since the last time; the relay goes on working'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Compare both sides row by row, and all statistics'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand move-to-mysql; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l listen -d 'Where to listen' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l profile -d 'How the webhooks are signed' -r -f -a "medical-system\t''
voicedrive-employee\t''
voicedrive-whistleblowing\t''
voicedrive-compliance\t''
voicedrive-staff-system\t''
voicedrive-notification\t''
standard-webhooks\t''
unsigned\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l secret -d 'The name of the secret: a variable of the environment, else what secrets.env beside --config says' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l event -d 'The events that it knows, such as employee.*; others get 400; without it: all of them' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l fail -d 'Answer the first N webhooks with 503' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l status -d 'Answer every good webhook with this status, from 200 to 599' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l delay -d 'Wait this many milliseconds before each answer' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l drop -d 'Close the connection instead of answering'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l profile -d 'How it wants to be addressed' -r -f -a "medical-system\t''
voicedrive-employee\t''
voicedrive-whistleblowing\t''
voicedrive-compliance\t''
voicedrive-staff-system\t''
voicedrive-notification\t''
standard-webhooks\t''
unsigned\t''"
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l secret -d 'The name of the secret that signs; it is read as `serve` reads it, from secrets.env beside the configuration, a systemd credential or the environment' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l bearer -d 'The name of a secret that is sent as `Authorization: Bearer`' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l event -d 'The event that is posted; without it one that `VoiceDrive` knows' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l data -d 'A file with the payload, a JSON object; without it one that `VoiceDrive` takes' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l config -d 'The configuration file' -r -F
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l as -d 'Who you are, for the audit; under sudo the user that called it' -r
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -l json -d 'Print JSON, for programs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand receiver-test" -s h -l help -d 'Print help'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "serve" -d 'Run the daemon'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "reload" -d 'Let the daemon read its configuration and its secrets again'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "demo" -d 'Show the whole thing on this machine: relay, a stand-in VoiceDrive, sample events'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "check" -d 'Examine configuration, secrets, directory, database, port, receivers and mail servers'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "send" -d 'Hand in an event'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "import" -d 'Hand in a whole file'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "status" -d 'Show totals, queue, next attempt and last send'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "tail" -d 'Show deliveries, the newest last; with -f as they happen'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "show" -d 'Show one event with every attempt'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "stats" -d 'Count what was sent in a range, by day, type or route'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "kpi" -d 'Show the five goals: sends, interviews, losses, answers, retries'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "export" -d 'Write deliveries or interview records into a file for a spreadsheet or a program'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "resend" -d 'Send events again, each with a fresh budget of retries'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "reconcile" -d 'Compare what was sent with what VoiceDrive has, by request id'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "recover" -d 'Send again what did not arrive because VoiceDrive was away'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "hold" -d 'Pause sending until a given moment; accepting goes on'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "secret" -d 'Make a new secret, such as a key that signs'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "token" -d 'Issue, revoke and list the tokens with which others call the API'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "monitor" -d 'Let people look at the monitor page, see who does, and end it'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "alert" -d 'Show what an admin was told, test the channels, dismiss what needs nobody any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "audit" -d 'Show who changed what, and who looked at payloads'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "staff" -d 'Show or erase what is kept of one person'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "backup" -d 'Write a copy of the database that needs no other file'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "verify" -d 'Say whether a file is a good copy'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "restore" -d 'Put a copy in the place of the database; the daemon must be stopped'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "move-to-mysql" -d 'Carry everything into the staff system\'s shared MySQL database: plan, copy, verify'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "receiver" -d 'Run the stand-in VoiceDrive on its own: verifies signatures, prints what arrives'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "receiver-test" -d 'Examine somebody else\'s receiver, and say what it gets wrong'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and not __fish_seen_subcommand_from serve reload demo check send import status tail show stats kpi export resend reconcile recover hold secret token monitor alert audit staff backup verify restore move-to-mysql receiver receiver-test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from import" -f -a "interviews" -d 'Interview records from a CSV, TSV, JSON or NDJSON file: all of them, or none'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from export" -f -a "deliveries" -d 'Deliveries with what has become of them, the oldest first; never payloads'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from export" -f -a "interviews" -d 'Interview records, in the order in which they came first'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from hold" -f -a "end" -d 'End a hold before its time'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from hold" -f -a "list" -d 'Show what is on hold'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from secret" -f -a "make" -d 'Print a new secret: 64 characters that nobody can guess; it is kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "issue" -d 'Issue a token; it is shown once and kept nowhere'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke a token for good, by its id as `token list` shows it, or all of one subject'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'List the tokens that were issued'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from monitor" -f -a "login" -d 'Print a link with which somebody can log in to the page, once and within 10 minutes'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from monitor" -f -a "sessions" -d 'List who is logged in'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from monitor" -f -a "logout" -d 'End logins, by the id that `monitor sessions` shows, by name, or all of them'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "test" -d 'Send a test message over every channel of the configuration'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "history" -d 'Show what was told, the newest last'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "dismiss" -d 'Say that what did not arrive needs nothing any more'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from staff" -f -a "show" -d 'Show everything that is kept about one person, for a disclosure'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from staff" -f -a "erase" -d 'Erase one person\'s payloads, answers, names and staff id; what is counted stays'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from move-to-mysql" -f -a "plan" -d 'Say what fits, what does not, and how long it takes; nothing is written'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from move-to-mysql" -f -a "copy" -d 'Copy everything, or what changed since the last time; the relay goes on working'
complete -c voicedrive-relay -n "__fish_voicedrive_relay_using_subcommand help; and __fish_seen_subcommand_from move-to-mysql" -f -a "verify" -d 'Compare both sides row by row, and all statistics'
