"""`log`: its output, in each format, and how it ends."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, OTHER_ID, TIME, event
from tests.helpers.program import environment, invoke, refused, run
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import on_terminal, plain


def at(minute: int, number: int, *, of: str = ID, kind: str = "shop#Paid") -> RecordedEvent:
    state = f'{{"n":{number},"who":{{"name":"{"Ann" if number % 2 else "Eve"}"}},"price":1.10}}'
    return RecordedEvent(of, number, kind, state, f"2026-01-31T12:{minute:02}:00.000000Z")


EVENTS = [at(n, n, of=(ID, OTHER_ID)[n % 2], kind=("shop#Placed", "shop#Paid", "stock#Gone")[n % 3]) for n in range(12)]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


def numbers(url: str, *arguments: str) -> list[int]:
    ended = invoke("log", *arguments, "--template", "{state.n}", url=url)
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.stderr
    return [int(line) for line in ended.stdout.splitlines()]


# Which events


@pytest.mark.long
@pytest.mark.parametrize(
    ("zone", "arguments", "expected"),
    [
        # The hour from midnight to one is skipped.
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", ["--since", "2024-09-08"], [1, 2]),
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", ["--until", "2024-09-08"], [0]),
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", ["--on", "2024-09-07"], [0]),
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", ["--on", "2024-09-08"], [1, 2]),
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", ["--since", "2024-09-08 00:30", "--until", "2024-09-08 01:30"], [1]),
        ("UTC0", ["--since", "2024-09-08T04:00:00,000000001Z"], [2]),
        ("UTC0", ["--until", "2024-09-08T04:00:00,000000001Z"], [0, 1]),
        ("UTC0", ["--since", "Sun Sep  8 04:00:00 UTC 2024"], [1, 2]),
    ],
)
def test_times_of_the_local_zone_that_do_not_exist_are_those_of_the_change(
    tmp_path: Path, zone: str, arguments: list[str], expected: list[int]
) -> None:
    times = ["03:59:59.999999", "04:00:00.000000", "04:30:00.000000"]
    url = journal_with(
        str(tmp_path / "j.db"),
        [event(n, f'{{"n":{n}}}')._replace(recorded_at=f"2024-09-08T{time}Z") for n, time in enumerate(times)],
    )
    ended = run("log", *arguments, "--template", "{state.n}", url=url, env=environment(TZ=zone))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [int(line) for line in ended.stdout.splitlines()] == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], list(range(12))),
        (["-n", "3"], [9, 10, 11]),
        (["-n", "99"], list(range(12))),
        (["--reverse"], list(range(11, -1, -1))),
        (["--reverse", "-n", "2"], [11, 10]),
        (["--after", "9"], [9, 10, 11]),
        (["--after", "3", "-n", "2"], [10, 11]),
        (["--since", "2026-01-31T12:08:00Z"], [8, 9, 10, 11]),
        (["--until", "2026-01-31T12:02:00Z"], [0, 1]),
        (["--since", "2026-01-31T12:02:00Z", "--until", "2026-01-31T12:06:00Z", "-n", "2"], [4, 5]),
        (["--as-of", "3"], [0, 1, 2]),
        (["--as-of", "2026-01-31T12:02:00Z", "-n", "2"], [1, 2]),
        (["--as-of", "2026-01-31T12:02:59.999999Z", "--reverse"], [2, 1, 0]),
        (["--as-of", "99", "--after", "10"], [10, 11]),
        (["--as-of", "0" * 5_000 + "2"], [0, 1]),
        (["--limit", "2"], [0, 1]),
        (["--limit", "2", "-n", "4"], [8, 9]),
        (["--limit", "2", "--reverse", "--as-of", "5"], [4, 3]),
        (["--type", "stock#Gone"], [2, 5, 8, 11]),
        (["--type", "shop#P*", "-n", "3"], [7, 9, 10]),
        (["--type", "*Gone", "--type", "*Placed"], [0, 2, 3, 5, 6, 8, 9, 11]),
        (["--id", ID], [0, 2, 4, 6, 8, 10]),
        (["--id", ID[:4], "--id", OTHER_ID[:8], "-n", "1"], [11]),
        (["--where", "n > 9"], [10, 11]),
        (["--where", 'who.name == "Ann"', "--where", "n < 4"], [1, 3]),
        (["-g", '"n":1[01]'], [10, 11]),
        (["--grep", "Ann", "--type", "stock*", "--reverse"], [11, 5]),
    ],
)
def test_selected_events_are_shown_in_global_order(url: str, arguments: list[str], expected: list[int]) -> None:
    assert numbers(url, *arguments) == expected


@pytest.mark.parametrize("name", ["e.ndjson", "e.csv.gz"])
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-n", "3"],
        ["-n", "7", "--limit", "2"],
        ["--limit", "5", "--after", "4"],
        ["--where", "n >= 10"],
        ["-g", "Eve", "-n", "2"],
        ["--type", "stock#*", "--since", "2026-01-31T12:05:00Z"],
        ["--until", "2026-01-31T12:05:00Z"],
        ["--as-of", "7"],
        ["--as-of", "2026-01-31T12:07:30Z"],
        ["--id", ID[:6]],
        ["--reverse", "-n", "4"],
        ["-F", "ndjson", "-n", "2"],
        ["-F", "csv", "--after", "9"],
        ["--full", "--limit", "1"],
        ["--where", "n > 99"],
        ["-n", "0"],
    ],
)
def test_a_file_is_shown_as_its_journal_is(url: str, tmp_path: Path, name: str, arguments: list[str]) -> None:
    path = str(tmp_path / name)
    assert invoke("export", "-o", path, url=url).exit_code == 0
    of_journal, of_file = invoke("log", *arguments, url=url), invoke("log", *arguments, url=path)
    assert (of_file.exit_code, of_file.stdout) == (of_journal.exit_code, of_journal.stdout)


@pytest.mark.parametrize("name", ["part.ndjson", "part.csv"])
def test_a_part_of_a_journal_keeps_its_positions_in_a_file(url: str, tmp_path: Path, name: str) -> None:
    path, again = str(tmp_path / name), str(tmp_path / f"again-{name}")
    selection = ("--since", "2026-01-31T12:03:00Z", "--where", 'who.name == "Ann"')
    assert invoke("export", *selection, "-o", path, url=url).exit_code == 0
    expected = invoke("log", *selection, "-F", "ndjson", url=url).stdout
    for command in (["log"], ["log", "--reverse", "-F", "ndjson"], ["get", ID], ["get", OTHER_ID]):
        of_journal = invoke(*command, *(selection if command[0] == "log" else ()), "-F", "ndjson", url=url).stdout
        found = invoke(*command, "-F", "ndjson", url=path).stdout
        if command[0] == "log":
            assert found == of_journal
        assert set(found.splitlines()) <= set(expected.splitlines())
    assert invoke("export", "-o", again, url=path).exit_code == 0
    assert invoke("log", "-F", "ndjson", url=again).stdout == expected
    positions = [json.loads(line)["global_position"] for line in expected.splitlines()]
    assert positions == [4, 6, 8, 10, 12]
    assert invoke("log", "--after", "8", "-F", "ndjson", url=path).stdout.splitlines() == expected.splitlines()[3:]
    assert "missing-position" not in invoke("verify", url=path).stdout


def test_the_lines_of_a_file_are_shown_up_to_a_bad_one(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", [*EVENTS[:2], EVENTS[0]])
    with path.open("a") as file:
        file.write("nonsense\n")
    ended = invoke("log", "--template", "{global_position} {state.n}", url=str(path))
    assert ended.exit_code == 3
    assert ended.stdout == "1 0\n2 1\n3 0\n"
    assert f"{path}:4: the line is not a JSON object" in ended.stderr
    assert numbers(str(path), "--limit", "2") == [0, 1]


@pytest.mark.parametrize(
    "arguments", [["--type", "none"], ["--where", "n > 99"], ["-g", "zzz"], ["--after", "12"], ["-n", "0"]]
)
def test_nothing_found_is_exit_1(url: str, arguments: list[str]) -> None:
    refused(invoke("log", *arguments, url=url), 1, "nothing found: .* has no events that match")
    refused(invoke("log", *arguments, "-F", "json", url=url), 1, "nothing found")


def test_an_empty_journal_has_nothing_to_find(store_url: str) -> None:
    journal_with(store_url, [])
    refused(invoke("log", url=store_url), 1, "nothing found")


# In which format


def test_in_a_pipe_each_event_is_one_whole_line(url: str) -> None:
    lines = run("log", "-n", "2", url=url).stdout.splitlines()
    assert lines == [
        f"    11  2026-01-31T12:10:00.000000Z  {ID}@10  shop#Paid  {EVENTS[10].state}",
        f"    12  2026-01-31T12:11:00.000000Z  {OTHER_ID}@11  stock#Gone  {EVENTS[11].state}",
    ]


def test_full_shows_an_event_on_lines_of_its_own(url: str) -> None:
    assert run("log", "-n", "1", "--full", url=url).stdout == (
        f"event 12  2026-01-31T12:11:00.000000Z\nsequence {OTHER_ID}  version 11\ntype stock#Gone\n\n"
        f"    {EVENTS[11].state}\n\n"
    )


def test_formats_carry_the_same_events(url: str) -> None:
    ndjson, as_json, as_csv = (
        invoke("log", "-n", "3", "-F", name, url=url).stdout for name in ("ndjson", "json", "csv")
    )
    lines = [json.loads(line) for line in ndjson.splitlines()]
    assert [line["global_position"] for line in lines] == [10, 11, 12]
    assert json.loads(as_json) == lines
    assert [json.loads(row["state"]) for row in csv.DictReader(as_csv.splitlines())] == [
        line["state"] for line in lines
    ]
    assert ndjson == invoke("export", "--after", "9", url=url).stdout


def test_a_template_makes_the_line(url: str) -> None:
    text = "{global_position} {{{originator_id}@{originator_version}}} {state.who.name} {state.price} <{state.x}>"
    assert invoke("log", "-n", "1", "--template", text, url=url).stdout == (f"12 {{{OTHER_ID}@11}} Ann 1.10 <>\n")
    assert invoke("log", "-n", "1", "--template", '{recorded_at};{state.who};{state."who".name}', url=url).stdout == (
        '2026-01-31T12:11:00.000000Z;{"name":"Ann"};Ann\n'
    )


def test_a_template_has_the_name_of_the_sequence_and_metadata(sqlite_url: str) -> None:
    metadata = '{"user":"ann","n":[1.10],"text":"a\\nb"}'
    named = event(0, '{"user":"eve"}', of=id_of_name("order-7"))._replace(metadata=metadata)
    journal_with(sqlite_url, [named, event(0)._replace(metadata='{"user":"eve"}'), event(1)])
    text = "{sequence_name}|{meta.user}|{meta.n[0]}|{meta.text}|{state.user}|{metadata}"
    assert invoke("log", "--template", text, url=sqlite_url).stdout == (
        f'order-7|ann|1.10|a\\nb|eve|{metadata}\n|eve||||{{"user":"eve"}}\n|||||\n'
    )
    assert invoke("log", "--template", "{meta.user}", url=sqlite_url).stdout == "ann\neve\n\n"


def test_an_index_leads_into_an_array_in_templates_and_comparisons(store_url: str) -> None:
    states = ['{"items":[{"sku":"a","n":[1,2]},{"sku":"b"}]}', '{"items":[{"sku":"b"}]}', '{"items":{"0":{"sku":"a"}}}']
    journal_with(store_url, [event(version, state) for version, state in enumerate(states)])

    def printed(*arguments: str) -> str:
        template = "{originator_version} {state.items[0].sku} {state.items[0].n[1]}"
        return invoke("log", "--template", template, *arguments, url=store_url).stdout

    assert printed() == "0 a 2\n1 b \n2  \n"
    assert printed("--where", 'items[0].sku == "a"') == "0 a 2\n"
    assert printed("--where", 'items[1].sku == "b"') == "0 a 2\n"
    assert printed("--where", "items[0].n[0] < 2") == "0 a 2\n"
    assert printed("--where", 'items[0].sku != "a"') == "1 b \n"
    for option in (["--where", "items[-1].sku == 1"], ["--template", "{state.items[-1]}"]):
        refused(invoke("log", *option, url=store_url), 2, r"\[-1\]: indexes count from 0")


def test_a_template_makes_one_line_of_an_event_whatever_is_in_it(store_url: str) -> None:
    journal_with(store_url, [event(0, '{"s":"a\\nb\\r\\nc"}'), event(1, '"a\\n"\n')])
    printed = invoke("log", "--template", "{state.s}|{state}", url=store_url).stdout
    assert printed.splitlines() == [r'a\nb\r\nc|{"s":"a\nb\r\nc"}', r'|"a\n"\n']


def test_a_template_takes_states_that_are_no_json(store_url: str) -> None:
    journal_with(store_url, [event(0, "cipher"), event(1, '{"a":[1.0,null,"x"]}')])
    assert invoke("log", "--template", "{state.a}|{state}", url=store_url).stdout == (
        '|cipher\n[1.0,null,"x"]|{"a":[1.0,null,"x"]}\n'
    )


# On a terminal


@pytest.mark.long
@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_line_fits_the_terminal(sqlite_url: str, columns: int) -> None:
    wide = [event(n, '{"a":"' + "\u6f22" * 300 + '"}', event_type="m.n#" + "\u6f22" * (n * 9)) for n in range(1, 9)]
    journal_with(sqlite_url, [*wide, event(2**63 - 1, "{}")])
    lines = plain(on_terminal("log", url=sqlite_url, columns=columns, PAGER="cat")).splitlines()
    from rich.cells import cell_len

    assert len(lines) == 10
    assert max(map(cell_len, lines)) <= columns


@pytest.mark.long
def test_a_narrow_terminal_shows_ids_and_types_that_are_short_and_a_wide_one_all_of_them(url: str) -> None:
    narrow = plain(on_terminal("log", "-n", "1", url=url, columns=80, PAGER="cat"))
    header, line = narrow.splitlines()
    assert header == "position  recorded at (UTC)    sequence     type  state"
    assert line == f'      12  2026-01-31 12:11:00  {OTHER_ID[:8]}@11  Gone  n=11 who={{"name":"Ann"}} price…'
    wide = plain(on_terminal("log", "-n", "1", url=url, columns=200, PAGER="cat"))
    assert f'{OTHER_ID}@11  stock#Gone  n=11 who={{"name":"Ann"}} price=1.10\n' in wide
    as_json = plain(on_terminal("log", "-1", "--json", url=url, columns=200, PAGER="cat"))
    assert f"{OTHER_ID}@11  stock#Gone  {EVENTS[11].state}\n" in as_json


def test_full_lays_a_state_out_by_its_keys(sqlite_url: str) -> None:
    state = '{"a":"' + "x" * 200 + '","b":[1,2,3],"c":{"d":"' + "y" * 40 + '","e":' + "9" * 40 + "}}"
    journal_with(sqlite_url, [event(0, state)])
    text = plain(on_terminal("log", "--full", url=sqlite_url, PAGER="cat"))
    assert text.splitlines() == [
        f"1  {ID}@0  a.b#C  2026-01-31 12:00:00Z",
        f"    a={'x' * 57}… +143 characters",
        "    b=[1,2,3]",
        f"    c.d={'y' * 40}",
        f"    c.e={'9' * 40}",
    ]


@pytest.mark.long
def test_colours_come_unless_they_are_not_wanted(url: str) -> None:
    assert "\x1b[33m" in on_terminal("log", "-n", "1", url=url, PAGER="cat")
    assert "\x1b[33m" not in on_terminal("log", "-n", "1", url=url, PAGER="cat", NO_COLOR="1")


HOSTILE = '{"a":"\x1b]52;c;AAAA\x07\u202e\x9b2J [bold]x[/] \r"}'


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments", [[], ["--full"], ["-F", "ndjson"], ["-F", "csv"], ["--template", "{state.a} {state} {event_type}"]]
)
@pytest.mark.parametrize("pager", ["cat", "sed -n p"])
def test_nothing_stored_drives_the_terminal_with_a_pager_or_without(
    sqlite_url: str, arguments: list[str], pager: str
) -> None:
    damaged_journal_with(sqlite_url, [event(0, HOSTILE, event_type="a\x1b[2J#[red]B"), event(1, "a\nb\tc\x1b[2J")])
    text = plain(on_terminal("log", *arguments, url=sqlite_url, columns=200, PAGER=pager))
    for control in ("\x1b", "\x07", "\x9b", "\u202e", "\r"):
        assert control not in text
    assert "[bold]x[/]" in text or "[red]B" in text


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "soon"], "'soon' is not a time"),
        (["--until", "2026-02-30"], "is not a time"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "nothing is between them"),
        (["--since", "2026-02-01", "--until", "2026-02-01"], "nothing is between them"),
        (["--on", "2026-02-01", "--since", "2026-01-01"], "--on is a whole day: leave out --since and --until"),
        (["--on", "12:30"], "--on '12:30' is not a day: write one such as 2026-01-31, today or yesterday"),
        (["--on", "someday"], "'someday' is not a time"),
        (["--as-of", "soon"], "'soon' is not a time"),
        (["--as-of", "9" * 20], "is beyond the last global position"),
        (["--as-of", "9" * 5_000], r"--as-of '9+'\.\.\. \(5000 characters\) is beyond the last global position"),
        (["--where", "n = 1"], "'n = 1' is not a condition"),
        (["--where", "n == x"], "'x' is not a JSON string"),
        (["-g", "("], r"-g '\(' is not a regular expression"),
        (["-g", "*"], "is not a regular expression"),
        (["--template", "{nothing}"], r"--template has \{nothing\}, but an event has originator_id"),
        (["--template", "{meta}"], r"has \{meta\}, but .*, sequence_name, state.PATH, and meta.PATH"),
        (["--template", "{state.}"], "is not a path"),
        (["--template", "{meta.}"], "is not a path"),
        (["--template", "{"], r"has an unmatched \{: write \{\{"),
        (["--template", "}"], r"has an unmatched \}: write \}\}"),
        (["--template", "{originator_id}", "-F", "csv"], "--template says how to print"),
        (["--template", "{originator_id}", "--full"], "--template says how to print"),
        (["-n", "-1"], "-1 is not a number from 0 to"),
        (["--id", "next"], "the name 'next' means something else as an argument"),
        (["--after", "x"], "'x' is not a valid int"),
        (["--cursor-file", "c"], "--cursor-file needs -f"),
        (["-f", "--reverse"], "leave out --reverse"),
        (["-f", "--until", "now"], "leave out --until"),
        (["-f", "--on", "today"], "leave out --on"),
        (["-f", "--as-of", "3"], "leave out --as-of"),
        (["-f", "--limit", "3"], "leave out --limit"),
        (["-f", "-F", "json"], "-f has no end, but json needs one"),
        (["-f", "-F", "csv"], "-f has no end"),
        (["-f", "--cursor-file", "c", "-n", "3"], "says where to begin"),
        (["-f", "--cursor-file", "c", "--after", "3"], "says where to begin"),
    ],
)
def test_bad_options_are_refused_with_one_line(url: str, arguments: list[str], message: str) -> None:
    refused(invoke("log", *arguments, url=url), 2, message)


def test_a_file_cannot_be_followed(tmp_path: Path) -> None:
    path = str(file_with(tmp_path / "e.ndjson", EVENTS))
    refused(invoke("log", "-f", url=path), 2, "is a file, and -f follows journals")


def test_an_ambiguous_id_is_refused_with_the_candidates(store_url: str) -> None:
    journal_with(store_url, [event(of=ID), event(of=ID[:-1] + "b")])
    message = f"{ID[:6]} is the beginning or end of several ids.*{ID}, {ID[:-1]}b"
    refused(invoke("log", "--id", ID[:6], url=store_url), 2, message)
    refused(invoke("get", ID[:6], url=store_url), 2, "is the beginning or end of several ids")
    refused(invoke("export", "--id", ID[:6], url=store_url), 2, "is the beginning or end of several ids")
    refused(invoke("get", "0000", url=store_url), 1, "nothing found: no sequence in .* begins with 0000")
    assert TIME in invoke("get", ID[:6] + ID[6:].upper(), url=store_url).stdout
