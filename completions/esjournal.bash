# Made by completions/generate.py; it offers what it holds, and starts no program.

_esjournal() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}" command="" i
    local IFS=$'\n'
    COMPREPLY=()
    # Bash takes the = of --url=FILE for a word of its own.
    [[ $previous == "=" ]] && previous="${COMP_WORDS[COMP_CWORD - 2]}"
    [[ $current == "=" ]] && current=""
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            --url|--layout|--table) i=$((i + 1)); [[ ${COMP_WORDS[i]} == "=" ]] && i=$((i + 1)) ;;
            init|append|get|list|log|history|trace|stats|verify|diff|info|each|cursor|export|import|copy) command="${COMP_WORDS[i]}"; break ;;
        esac
    done
    case "$command $previous" in
        " --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        " --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        " --table") :; return ;;
        "init --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "init --schema") :; return ;;
        "append --recorded-at") :; return ;;
        "append --meta") :; return ;;
        "append --cause") :; return ;;
        "append --once") :; return ;;
        "append --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "append --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "append --table") :; return ;;
        "get --gt") :; return ;;
        "get --gte") :; return ;;
        "get --lt") :; return ;;
        "get --lte") :; return ;;
        "get --limit") :; return ;;
        "get --type") :; return ;;
        "get --format"|"get -F") COMPREPLY=($(compgen -W $'table\njson\nndjson\ncsv' -- "$current")); return ;;
        "get --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "get --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "get --table") :; return ;;
        "list --prefix") :; return ;;
        "list --name") :; return ;;
        "list --type") :; return ;;
        "list --sort") COMPREPLY=($(compgen -W $'id\nname\nevents\nfirst\nlast' -- "$current")); return ;;
        "list --limit") :; return ;;
        "list --format"|"list -F") COMPREPLY=($(compgen -W $'table\njson\nndjson\ncsv' -- "$current")); return ;;
        "list --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "list --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "list --table") :; return ;;
        "log -n") :; return ;;
        "log --since") :; return ;;
        "log --until") :; return ;;
        "log --on") :; return ;;
        "log --as-of") :; return ;;
        "log --after") :; return ;;
        "log --type") :; return ;;
        "log --id") :; return ;;
        "log --name") :; return ;;
        "log --where") :; return ;;
        "log --grep"|"log -g") :; return ;;
        "log --limit") :; return ;;
        "log --format"|"log -F") COMPREPLY=($(compgen -W $'table\njson\nndjson\ncsv' -- "$current")); return ;;
        "log --template") :; return ;;
        "log --cursor-file") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "log --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "log --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "log --table") :; return ;;
        "history --at-version") :; return ;;
        "history --at-time") :; return ;;
        "history --field") :; return ;;
        "history --format"|"history -F") COMPREPLY=($(compgen -W $'table\njson\nndjson' -- "$current")); return ;;
        "history --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "history --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "history --table") :; return ;;
        "trace --format"|"trace -F") COMPREPLY=($(compgen -W $'table\njson\nndjson' -- "$current")); return ;;
        "trace --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "trace --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "trace --table") :; return ;;
        "stats --by") COMPREPLY=($(compgen -W $'minute\nhour\nday\nmonth' -- "$current")); return ;;
        "stats --format"|"stats -F") COMPREPLY=($(compgen -W $'table\njson' -- "$current")); return ;;
        "stats --svg") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "stats --html") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "stats --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "stats --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "stats --table") :; return ;;
        "verify --events") :; return ;;
        "verify --format"|"verify -F") COMPREPLY=($(compgen -W $'table\njson\nndjson' -- "$current")); return ;;
        "verify --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "verify --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "verify --table") :; return ;;
        "diff --format"|"diff -F") COMPREPLY=($(compgen -W $'table\njson\nndjson' -- "$current")); return ;;
        "info --format"|"info -F") COMPREPLY=($(compgen -W $'table\njson' -- "$current")); return ;;
        "info --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "info --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "info --table") :; return ;;
        "each --cursor-file") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "each --type") :; return ;;
        "each --id") :; return ;;
        "each --name") :; return ;;
        "each --since") :; return ;;
        "each --where") :; return ;;
        "each --grep"|"each -g") :; return ;;
        "each --batch") :; return ;;
        "each --retries") :; return ;;
        "each --failed") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "each --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "each --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "each --table") :; return ;;
        "cursor --format"|"cursor -F") COMPREPLY=($(compgen -W $'table\njson' -- "$current")); return ;;
        "cursor --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "cursor --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "cursor --table") :; return ;;
        "export --output"|"export -o") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "export --format"|"export -F") COMPREPLY=($(compgen -W $'ndjson\ncsv\nparquet' -- "$current")); return ;;
        "export --since") :; return ;;
        "export --until") :; return ;;
        "export --on") :; return ;;
        "export --as-of") :; return ;;
        "export --after") :; return ;;
        "export --type") :; return ;;
        "export --id") :; return ;;
        "export --name") :; return ;;
        "export --where") :; return ;;
        "export --grep"|"export -g") :; return ;;
        "export --limit") :; return ;;
        "export --cursor-file") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "export --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "export --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "export --table") :; return ;;
        "import --format"|"import -F") COMPREPLY=($(compgen -W $'ndjson\ncsv\nparquet' -- "$current")); return ;;
        "import --delimiter") :; return ;;
        "import --encoding") :; return ;;
        "import --commit-every") :; return ;;
        "import --rejects") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "import --max-rejects") :; return ;;
        "import --map-type") :; return ;;
        "import --only-type") :; return ;;
        "import --skip-type") :; return ;;
        "import --max-line-bytes") :; return ;;
        "import --summary") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "import --sequence") :; return ;;
        "import --event-type") :; return ;;
        "import --recorded-at") :; return ;;
        "import --time-format") :; return ;;
        "import --time-zone") :; return ;;
        "import --state") :; return ;;
        "import --meta") :; return ;;
        "import --event-id") :; return ;;
        "import --order-by") :; return ;;
        "import --with") :; return ;;
        "import --show") :; return ;;
        "import --url") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "import --layout") COMPREPLY=($(compgen -W $'eventsourcing\neventsourcing-4\nmessage-db' -- "$current")); return ;;
        "import --table") :; return ;;
        "copy --commit-every") :; return ;;
        "copy --rejects") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "copy --max-rejects") :; return ;;
        "copy --map-type") :; return ;;
        "copy --only-type") :; return ;;
        "copy --skip-type") :; return ;;
        "copy --after") :; return ;;
        "copy --cursor-file") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
        "copy --summary") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case "$command $current" in
        " -"*) COMPREPLY=($(compgen -W $'--url\n--layout\n--table\n--version\n--help\n-h' -- "$current")) ;;
        " "*) COMPREPLY=($(compgen -W $'init\nappend\nget\nlist\nlog\nhistory\ntrace\nstats\nverify\ndiff\ninfo\neach\ncursor\nexport\nimport\ncopy' -- "$current")) ;;
        "init "*) COMPREPLY=($(compgen -W $'--url\n--schema\n--sql\n--help\n-h' -- "$current")) ;;
        "append -"*) COMPREPLY=($(compgen -W $'--recorded-at\n--meta\n--cause\n--once\n--if-absent\n--each\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "get -"*) COMPREPLY=($(compgen -W $'--gt\n--gte\n--lt\n--lte\n--limit\n--reverse\n--type\n--format\n-F\n--csv-safe\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "list "*) COMPREPLY=($(compgen -W $'--prefix\n--name\n--type\n--sort\n--limit\n--format\n-F\n--csv-safe\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "log "*) COMPREPLY=($(compgen -W $'-n\n--reverse\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--format\n-F\n--csv-safe\n--template\n--full\n--follow\n-f\n--cursor-file\n--no-pager\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "history -"*) COMPREPLY=($(compgen -W $'--at-version\n--at-time\n--field\n--format\n-F\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "trace -"*) COMPREPLY=($(compgen -W $'--format\n-F\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "stats "*) COMPREPLY=($(compgen -W $'--by\n--format\n-F\n--svg\n--html\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "verify "*) COMPREPLY=($(compgen -W $'--events\n--digest\n--per-sequence\n--format\n-F\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "diff -"*) COMPREPLY=($(compgen -W $'--full\n--per-sequence\n--as-json\n--format\n-F\n--quiet\n-q\n--help\n-h' -- "$current")) ;;
        "diff "*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
        "info "*) COMPREPLY=($(compgen -W $'--format\n-F\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "each -"*) COMPREPLY=($(compgen -W $'--cursor-file\n--type\n--id\n--name\n--since\n--where\n--grep\n-g\n--follow\n-f\n--batch\n--retries\n--failed\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "cursor -"*) COMPREPLY=($(compgen -W $'--format\n-F\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "cursor "*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
        "export "*) COMPREPLY=($(compgen -W $'--output\n-o\n--format\n-F\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--cursor-file\n--seal\n--csv-safe\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "import -"*) COMPREPLY=($(compgen -W $'--format\n-F\n--delimiter\n--encoding\n--dry-run\n--commit-every\n--rejects\n--max-rejects\n--require-contiguous\n--require-seal\n--map-type\n--only-type\n--skip-type\n--max-line-bytes\n--summary\n--rows\n--sequence\n--event-type\n--recorded-at\n--time-format\n--time-zone\n--state\n--detect-types\n--meta\n--event-id\n--order-by\n--with\n--show\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' -- "$current")) ;;
        "import "*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
        "copy -"*) COMPREPLY=($(compgen -W $'--dry-run\n--commit-every\n--rejects\n--max-rejects\n--require-contiguous\n--map-type\n--only-type\n--skip-type\n--after\n--cursor-file\n--no-verify\n--summary\n--quiet\n-q\n--help\n-h' -- "$current")) ;;
        "copy "*) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    esac
}
complete -F _esjournal esjournal
