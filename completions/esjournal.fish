# Made by completions/generate.py; it offers what it holds, and starts no program.

function __esjournal_command_is --argument-names wanted
    set -l command ''
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --url
                set is_value yes
            case '-*'
            case '*'
                set command $word
                break
        end
    end
    test "$command" = "$wanted"
end

complete -c esjournal -f
complete -c esjournal -n "__esjournal_command_is ''" -a init -d 'Make a journal, unless one is there'
complete -c esjournal -n "__esjournal_command_is ''" -a append -d 'Append an event, and print its global position'
complete -c esjournal -n "__esjournal_command_is ''" -a get -d 'Show the events of one sequence, with gaps in its versions'
complete -c esjournal -n "__esjournal_command_is ''" -a list -d 'List the sequences, with how each begins and ends'
complete -c esjournal -n "__esjournal_command_is ''" -a log -d 'Show the events of all sequences in global order, the newest last'
complete -c esjournal -n "__esjournal_command_is ''" -a history -d 'Show what each event of a sequence changed, and the state that they fold up to'
complete -c esjournal -n "__esjournal_command_is ''" -a export -d 'Write the journal in global order, as NDJSON, CSV or Parquet'
complete -c esjournal -n "__esjournal_command_is ''" -a import -d 'Append the events of files, all in one transaction'
complete -c esjournal -n "__esjournal_command_is ''" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is ''" -l version -d 'Show the version and end'
complete -c esjournal -n "__esjournal_command_is ''" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'init'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'init'" -l schema -x -d 'PostgreSQL: the schema to make the journal in, as ?schema=NAME in the URL'
complete -c esjournal -n "__esjournal_command_is 'init'" -l sql -d 'Print the SQL that makes the tables, and make nothing'
complete -c esjournal -n "__esjournal_command_is 'init'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'append'" -l recorded-at -x -d 'When it was recorded, instead of now: ISO 8601'
complete -c esjournal -n "__esjournal_command_is 'append'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'append'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'get'" -l gt -x -d 'Versions above this one'
complete -c esjournal -n "__esjournal_command_is 'get'" -l gte -x -d 'Versions from this one on'
complete -c esjournal -n "__esjournal_command_is 'get'" -l lt -x -d 'Versions below this one'
complete -c esjournal -n "__esjournal_command_is 'get'" -l lte -x -d 'Versions up to this one'
complete -c esjournal -n "__esjournal_command_is 'get'" -l limit -x -d 'At most N events'
complete -c esjournal -n "__esjournal_command_is 'get'" -l reverse -d 'The last events first'
complete -c esjournal -n "__esjournal_command_is 'get'" -l type -x -d 'Only events of this type, or as \'orders#*\'; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'get'" -l format -s F -x -a 'table json ndjson csv' -d 'How to print'
complete -c esjournal -n "__esjournal_command_is 'get'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'get'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'list'" -l prefix -x -d 'Only sequences whose ids begin so'
complete -c esjournal -n "__esjournal_command_is 'list'" -l type -x -d 'Only sequences with such an event, also \'orders#*\'; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'list'" -l sort -x -a 'id events first last' -d 'By id, most events first, first appended to first, or last appended to first'
complete -c esjournal -n "__esjournal_command_is 'list'" -l limit -x -d 'At most N sequences'
complete -c esjournal -n "__esjournal_command_is 'list'" -l format -s F -x -a 'table json ndjson csv' -d 'How to print'
complete -c esjournal -n "__esjournal_command_is 'list'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'list'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'log'" -s n -x -d 'Only the last N events'
complete -c esjournal -n "__esjournal_command_is 'log'" -l reverse -d 'The last events first'
complete -c esjournal -n "__esjournal_command_is 'log'" -l since -x -d 'Recorded then or later: 2026-01-31, \'10 min ago\''
complete -c esjournal -n "__esjournal_command_is 'log'" -l until -x -d 'Recorded then or earlier: today, 12:00'
complete -c esjournal -n "__esjournal_command_is 'log'" -l after -x -d 'Only events behind this global position'
complete -c esjournal -n "__esjournal_command_is 'log'" -l type -x -d 'Only events of this type, or as \'orders#*\'; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'log'" -l id -x -d 'Only events of this sequence; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'log'" -l where -x -d 'Only where this is true of the state; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'log'" -l grep -s g -x -d 'Only where this is found in the state'
complete -c esjournal -n "__esjournal_command_is 'log'" -l format -s F -x -a 'table json ndjson csv' -d 'How to print'
complete -c esjournal -n "__esjournal_command_is 'log'" -l template -x -d 'A line of your own for each event'
complete -c esjournal -n "__esjournal_command_is 'log'" -l full -d 'All of each event, and not one line'
complete -c esjournal -n "__esjournal_command_is 'log'" -l follow -s f -d 'Go on with new events, until Ctrl-C'
complete -c esjournal -n "__esjournal_command_is 'log'" -l cursor-file -r -F -d 'With -f: begin behind the cursor there, and move it on'
complete -c esjournal -n "__esjournal_command_is 'log'" -l no-pager -d 'Print to the terminal itself'
complete -c esjournal -n "__esjournal_command_is 'log'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'log'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'history'" -l at-version -x -d 'Only events up to this version'
complete -c esjournal -n "__esjournal_command_is 'history'" -l at-time -x -d 'Recorded then or earlier: 2026-01-31, \'10 min ago\''
complete -c esjournal -n "__esjournal_command_is 'history'" -l field -x -d 'Only events that set this field: owner, address.zip'
complete -c esjournal -n "__esjournal_command_is 'history'" -l format -s F -x -a 'table json ndjson' -d 'How to print'
complete -c esjournal -n "__esjournal_command_is 'history'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'history'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'export'" -l output -s o -r -F -d 'Where to; .gz and .zst compress, `-` is stdout'
complete -c esjournal -n "__esjournal_command_is 'export'" -l format -s F -x -a 'ndjson csv parquet' -d 'NDJSON, CSV or Parquet; by default the file\'s name tells'
complete -c esjournal -n "__esjournal_command_is 'export'" -l type -x -d 'Only events of this type, or as \'orders#*\'; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'export'" -l id -x -d 'Only events of this sequence; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'export'" -l after -x -d 'Only events behind this global position'
complete -c esjournal -n "__esjournal_command_is 'export'" -l limit -x -d 'At most N events'
complete -c esjournal -n "__esjournal_command_is 'export'" -l cursor-file -r -F -d 'Only events behind the cursor there, which then moves on'
complete -c esjournal -n "__esjournal_command_is 'export'" -l seal -d 'NDJSON: end with a line that has counts and a SHA-256 of the others'
complete -c esjournal -n "__esjournal_command_is 'export'" -l csv-safe -d 'CSV: put \' before what a spreadsheet would take for a formula'
complete -c esjournal -n "__esjournal_command_is 'export'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'export'" -l help -s h -d 'Show this message and exit'
complete -c esjournal -n "__esjournal_command_is 'import'" -F
complete -c esjournal -n "__esjournal_command_is 'import'" -l format -s F -x -a 'ndjson csv parquet' -d 'NDJSON or CSV; by default the file\'s name tells'
complete -c esjournal -n "__esjournal_command_is 'import'" -l dry-run -d 'Find out what would happen, and write nothing'
complete -c esjournal -n "__esjournal_command_is 'import'" -l commit-every -x -d 'Commit after every N events, not once'
complete -c esjournal -n "__esjournal_command_is 'import'" -l rejects -r -F -d 'Put bad and conflicting events there, import the rest'
complete -c esjournal -n "__esjournal_command_is 'import'" -l max-rejects -x -d 'Give up after more than N rejects'
complete -c esjournal -n "__esjournal_command_is 'import'" -l require-contiguous -d 'Refuse an event that skips versions of its sequence'
complete -c esjournal -n "__esjournal_command_is 'import'" -l require-seal -d 'Refuse a file without a seal, such as one that was cut off'
complete -c esjournal -n "__esjournal_command_is 'import'" -l map-type -x -d 'Import type OLD as NEW; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'import'" -l only-type -x -d 'Import only this type; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'import'" -l skip-type -x -d 'Leave this type out; may be repeated'
complete -c esjournal -n "__esjournal_command_is 'import'" -l max-line-bytes -x -d 'The longest line that is taken'
complete -c esjournal -n "__esjournal_command_is 'import'" -l summary -r -F -d 'Write the totals there, as JSON'
complete -c esjournal -n "__esjournal_command_is 'import'" -l quiet -s q -d 'Show no progress and no totals'
complete -c esjournal -n "__esjournal_command_is 'import'" -l url -r -F -d 'The journal: a SQLite file\'s path, sqlite:///FILE or postgresql://USER@HOST/DB'
complete -c esjournal -n "__esjournal_command_is 'import'" -l help -s h -d 'Show this message and exit'
