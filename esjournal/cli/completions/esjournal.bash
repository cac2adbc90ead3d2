# Made by completions/generate.py. It starts esjournal only to complete event types, names and ids.

# Bash ends a word at : and = too, which types, names and URLs have; here only a space ends it. What bash takes for the
# word is its end, and replaced.
_esjournal_reply() {
    local reply="${written%"$word"}$1"
    [[ $written == *"$current" ]] && reply="${reply#"${written%"$current"}"}"
    COMPREPLY+=("$reply")
}

_esjournal_words() {
    local IFS=$'\n' found
    for found in $(compgen -W "$1" -- "$word"); do _esjournal_reply "$found"; done
}

_esjournal_files() {
    local found
    compopt -o filenames 2>/dev/null
    while IFS= read -r found; do _esjournal_reply "$found"; done < <(compgen -f -- "$word")
}

_esjournal_values() {
    local found quoted="${line##*[[:space:]]}"
    while IFS= read -r found; do
        _esjournal_reply "$found"
        found="${COMPREPLY[${#COMPREPLY[@]} - 1]}"
        if [[ $quoted != *[\"\']* ]]; then
            printf -v found %q "$found"
        elif [[ $found == *[\$\`\"\'\\!]* ]]; then
            # Between quotes, the shell would run it.
            unset "COMPREPLY[${#COMPREPLY[@]} - 1]"
            continue
        fi
        COMPREPLY[${#COMPREPLY[@]} - 1]="$found"
    done < <("${words[0]/#\~/$HOME}" completion values "$1" "$word" "${words[@]:1:count - 2}" 2>/dev/null)
}

_esjournal() {
    local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" current="$2"
    local written word option="" command="" argument=0 count i
    local -a words
    COMPREPLY=()
    read -d "" -a words <<< "$line"
    words=("${words[@]//[\"\']/}")
    [[ $line == *[[:space:]] && $line != *\\[[:space:]] ]] && words+=("")
    count=${#words[@]}
    written="${words[count - 1]}" word="$written"
    for ((i = 1; i < count - 1; i++)); do
        case "${words[i]}" in
            --url|--layout|--table|--schema|--recorded-at|--meta|--cause|--once|--gt|--gte|--lt|--lte|--as-of|--limit|--type|--format|-F|--color|--prefix|--name|--since|--until|--on|--after|--id|--where|--grep|-g|--sort|-n|--template|--cursor-file|--at-version|--from-version|--at-time|--field|--with|--expect|--against|--output|-o|--by|--svg|--html|--events|--batch|--retries|--failed|--delimiter|--encoding|--commit-every|--rejects|--max-rejects|--map-type|--only-type|--skip-type|--max-line-bytes|--summary|--sequence|--event-type|--time-format|--time-zone|--state|--event-id|--order-by|--show) i=$((i + 1)) ;;
            -*) ;;
            *) if [[ -z $command ]]; then command="${words[i]}"; else argument=$((argument + 1)); fi ;;
        esac
    done
    if ((i == count)); then
        option="${words[count - 2]}"
    elif [[ $word == --*=* ]]; then
        option="${word%%=*}" word="${word#*=}"
    fi
    if [[ -n $option ]]; then
        case "$command $option" in
            " --url") _esjournal_files ;;
            " --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "init --url") _esjournal_files ;;
            "append --url") _esjournal_files ;;
            "append --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "get --type") _esjournal_values types ;;
            "get --format"|"get -F") _esjournal_words $'table\njson\nndjson\ncsv' ;;
            "get --color") _esjournal_words $'auto\nalways\nnever' ;;
            "get --url") _esjournal_files ;;
            "get --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "list --name") _esjournal_values names ;;
            "list --type") _esjournal_values types ;;
            "list --id") _esjournal_values sequences ;;
            "list --sort") _esjournal_words $'id\nname\nevents\nfirst\nlast' ;;
            "list --format"|"list -F") _esjournal_words $'table\njson\nndjson\ncsv' ;;
            "list --color") _esjournal_words $'auto\nalways\nnever' ;;
            "list --url") _esjournal_files ;;
            "list --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "log --type") _esjournal_values types ;;
            "log --id") _esjournal_values sequences ;;
            "log --name") _esjournal_values names ;;
            "log --format"|"log -F") _esjournal_words $'table\njson\nndjson\ncsv' ;;
            "log --cursor-file") _esjournal_files ;;
            "log --color") _esjournal_words $'auto\nalways\nnever' ;;
            "log --url") _esjournal_files ;;
            "log --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "history --format"|"history -F") _esjournal_words $'table\njson\nndjson' ;;
            "history --color") _esjournal_words $'auto\nalways\nnever' ;;
            "history --url") _esjournal_files ;;
            "history --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "replay --type") _esjournal_values types ;;
            "replay --name") _esjournal_values names ;;
            "replay --format"|"replay -F") _esjournal_words $'table\njson\nndjson\ncsv' ;;
            "replay --output"|"replay -o") _esjournal_files ;;
            "replay --color") _esjournal_words $'auto\nalways\nnever' ;;
            "replay --url") _esjournal_files ;;
            "replay --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "query --type") _esjournal_values types ;;
            "query --id") _esjournal_values sequences ;;
            "query --name") _esjournal_values names ;;
            "query --format"|"query -F") _esjournal_words $'table\njson\nndjson\ncsv' ;;
            "query --output"|"query -o") _esjournal_files ;;
            "query --color") _esjournal_words $'auto\nalways\nnever' ;;
            "query --url") _esjournal_files ;;
            "query --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "trace --format"|"trace -F") _esjournal_words $'table\njson\nndjson' ;;
            "trace --color") _esjournal_words $'auto\nalways\nnever' ;;
            "trace --url") _esjournal_files ;;
            "trace --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "stats --by") _esjournal_words $'minute\nhour\nday\nmonth' ;;
            "stats --type") _esjournal_values types ;;
            "stats --id") _esjournal_values sequences ;;
            "stats --name") _esjournal_values names ;;
            "stats --format"|"stats -F") _esjournal_words $'table\njson\nndjson' ;;
            "stats --svg") _esjournal_files ;;
            "stats --html") _esjournal_files ;;
            "stats --color") _esjournal_words $'auto\nalways\nnever' ;;
            "stats --url") _esjournal_files ;;
            "stats --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "verify --format"|"verify -F") _esjournal_words $'table\njson\nndjson' ;;
            "verify --color") _esjournal_words $'auto\nalways\nnever' ;;
            "verify --url") _esjournal_files ;;
            "verify --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "diff --format"|"diff -F") _esjournal_words $'table\njson\nndjson' ;;
            "diff --color") _esjournal_words $'auto\nalways\nnever' ;;
            "info --format"|"info -F") _esjournal_words $'table\njson\nndjson' ;;
            "info --url") _esjournal_files ;;
            "info --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "each --cursor-file") _esjournal_files ;;
            "each --type") _esjournal_values types ;;
            "each --id") _esjournal_values sequences ;;
            "each --name") _esjournal_values names ;;
            "each --failed") _esjournal_files ;;
            "each --url") _esjournal_files ;;
            "each --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "cursor --format"|"cursor -F") _esjournal_words $'table\njson' ;;
            "cursor --url") _esjournal_files ;;
            "cursor --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "export --output"|"export -o") _esjournal_files ;;
            "export --format"|"export -F") _esjournal_words $'ndjson\ncsv\nparquet' ;;
            "export --type") _esjournal_values types ;;
            "export --id") _esjournal_values sequences ;;
            "export --name") _esjournal_values names ;;
            "export --cursor-file") _esjournal_files ;;
            "export --url") _esjournal_files ;;
            "export --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "import --format"|"import -F") _esjournal_words $'ndjson\ncsv\nparquet' ;;
            "import --rejects") _esjournal_files ;;
            "import --summary") _esjournal_files ;;
            "import --url") _esjournal_files ;;
            "import --layout") _esjournal_words $'eventsourcing\neventsourcing-4\nmessage-db' ;;
            "copy --rejects") _esjournal_files ;;
            "copy --cursor-file") _esjournal_files ;;
            "copy --summary") _esjournal_files ;;
        esac
        return
    fi
    case "$command $argument $word" in
        " "*" -"*) _esjournal_words $'--url\n--layout\n--table\n--version\n--help\n-h' ;;
        "init "*" -"*) _esjournal_words $'--url\n--schema\n--protect\n--sql\n--help\n-h' ;;
        "init 0 "*) _esjournal_words $'--url\n--schema\n--protect\n--sql\n--help\n-h' ;;
        "append "*" -"*) _esjournal_words $'--recorded-at\n--meta\n--cause\n--once\n--if-absent\n--each\n--url\n--layout\n--table\n--help\n-h' ;;
        "append ""0 "*) _esjournal_values sequences ;;
        "append ""2 "*) _esjournal_values types ;;
        "get "*" -"*) _esjournal_words $'--gt\n--gte\n--lt\n--lte\n--as-of\n--limit\n--reverse\n--type\n--format\n-F\n--csv-safe\n--expanded\n-x\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "get ""0 "*) _esjournal_values sequences ;;
        "list "*" -"*) _esjournal_words $'--prefix\n--name\n--type\n--since\n--until\n--on\n--as-of\n--after\n--id\n--where\n--grep\n-g\n--sort\n--limit\n--schemas\n--format\n-F\n--csv-safe\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "list 0 "*) _esjournal_words $'--prefix\n--name\n--type\n--since\n--until\n--on\n--as-of\n--after\n--id\n--where\n--grep\n-g\n--sort\n--limit\n--schemas\n--format\n-F\n--csv-safe\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "log "*" -"*) _esjournal_words $'-n\n--reverse\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--format\n-F\n--csv-safe\n--template\n--full\n--json\n--follow\n-f\n--cursor-file\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "log 0 "*) _esjournal_words $'-n\n--reverse\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--format\n-F\n--csv-safe\n--template\n--full\n--json\n--follow\n-f\n--cursor-file\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "history "*" -"*) _esjournal_words $'--at-version\n--from-version\n--at-time\n--as-of\n--field\n--format\n-F\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "history ""0 "*) _esjournal_values sequences ;;
        "replay "*" -"*) _esjournal_words $'--with\n--expect\n--against\n--global\n--at-version\n--at-time\n--since\n--until\n--on\n--as-of\n--after\n--type\n--name\n--where\n--grep\n-g\n--format\n-F\n--output\n-o\n--csv-safe\n--quiet\n-q\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "replay "*) _esjournal_values sequences ;;
        "query "*" -"*) _esjournal_words $'--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--format\n-F\n--output\n-o\n--csv-safe\n--quiet\n-q\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "trace "*" -"*) _esjournal_words $'--format\n-F\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "stats "*" -"*) _esjournal_words $'--by\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--all-schemas\n--format\n-F\n--svg\n--html\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "stats 0 "*) _esjournal_words $'--by\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--all-schemas\n--format\n-F\n--svg\n--html\n--no-pager\n--utc\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "verify "*" -"*) _esjournal_words $'--events\n--digest\n--per-sequence\n--as-of\n--all-schemas\n--quick\n--format\n-F\n--quiet\n-q\n--no-pager\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "verify 0 "*) _esjournal_words $'--events\n--digest\n--per-sequence\n--as-of\n--all-schemas\n--quick\n--format\n-F\n--quiet\n-q\n--no-pager\n--color\n--url\n--layout\n--table\n--help\n-h' ;;
        "diff "*" -"*) _esjournal_words $'--as-of\n--full\n--per-sequence\n--as-json\n--format\n-F\n--quiet\n-q\n--no-pager\n--color\n--help\n-h' ;;
        "diff ""0 "*) _esjournal_files ;;
        "diff ""1 "*) _esjournal_files ;;
        "info "*" -"*) _esjournal_words $'--all-schemas\n--format\n-F\n--utc\n--url\n--layout\n--table\n--help\n-h' ;;
        "info 0 "*) _esjournal_words $'--all-schemas\n--format\n-F\n--utc\n--url\n--layout\n--table\n--help\n-h' ;;
        "each "*" -"*) _esjournal_words $'--cursor-file\n--type\n--id\n--name\n--since\n--where\n--grep\n-g\n--follow\n-f\n--batch\n--retries\n--failed\n--url\n--layout\n--table\n--help\n-h' ;;
        "cursor "*" -"*) _esjournal_words $'--format\n-F\n--url\n--layout\n--table\n--help\n-h' ;;
        "cursor ""0 "*) _esjournal_files ;;
        "export "*" -"*) _esjournal_words $'--output\n-o\n--format\n-F\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--cursor-file\n--seal\n--csv-safe\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' ;;
        "export 0 "*) _esjournal_words $'--output\n-o\n--format\n-F\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--cursor-file\n--seal\n--csv-safe\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' ;;
        "import "*" -"*) _esjournal_words $'--format\n-F\n--delimiter\n--encoding\n--dry-run\n--commit-every\n--rejects\n--max-rejects\n--require-contiguous\n--lock-readers\n--require-seal\n--map-type\n--only-type\n--skip-type\n--max-line-bytes\n--summary\n--rows\n--sequence\n--event-type\n--recorded-at\n--time-format\n--time-zone\n--state\n--detect-types\n--meta\n--event-id\n--order-by\n--with\n--show\n--quiet\n-q\n--url\n--layout\n--table\n--help\n-h' ;;
        "import "*) _esjournal_files ;;
        "copy "*" -"*) _esjournal_words $'--dry-run\n--commit-every\n--rejects\n--max-rejects\n--require-contiguous\n--map-type\n--only-type\n--skip-type\n--since\n--until\n--on\n--as-of\n--after\n--type\n--id\n--name\n--where\n--grep\n-g\n--limit\n--cursor-file\n--no-verify\n--summary\n--quiet\n-q\n--help\n-h' ;;
        "copy ""0 "*) _esjournal_files ;;
        "copy ""1 "*) _esjournal_files ;;
        "completion "*" -"*) _esjournal_words $'--help\n-h' ;;
        "completion ""0 "*) _esjournal_words $'bash\nzsh\nfish' ;;
        "help "*" -"*) _esjournal_words $'--help\n-h' ;;
        "help ""0 "*) _esjournal_words $'init\nappend\nget\nlist\nlog\nhistory\nreplay\nquery\ntrace\nstats\nverify\ndiff\ninfo\neach\ncursor\nexport\nimport\ncopy\ncompletion\nhelp' ;;
        " 0 "*) _esjournal_words $'init\nappend\nget\nlist\nlog\nhistory\nreplay\nquery\ntrace\nstats\nverify\ndiff\ninfo\neach\ncursor\nexport\nimport\ncopy\ncompletion\nhelp' ;;
    esac
}
complete -F _esjournal esjournal
