"""`diff`: its output, in each format, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.cells import cell_len

from esjournal.cli.rendering.differences import SHOWN_OF_A_KIND
from esjournal.cli.rendering.parts.journalnames import short_names
from esjournal.domain.model.recordedevent import RecordedEvent
from tests.helpers.emulator import rows_of
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.memory import FEW, GROWTH_TO_MANY, MANY, peak_kibibytes
from tests.helpers.program import invoke, refused, run, start
from tests.helpers.stores import execute, file_with, journal_with
from tests.helpers.terminal import CONTROL, on_terminal, plain

THIRD_ID = "c0ffee00-0000-4000-8000-000000000001"
A_EVENTS = [*sequence(3), *sequence(2, of=OTHER_ID)]
# A state is different, the last event of a sequence is missing, and a sequence is new.
B_EVENTS = [event(0, '{"n":0}'), event(1, '{"n":7}'), event(2, '{"n":2}'), event(0, '{"n":0}', of=OTHER_ID)]
B_EVENTS += sequence(2, of=THIRD_ID)

SUMMARY = f"""\
                     events      sequences
in A                      5              2
in B                      6              3
the same                  3              0
different                 1              2
only in A                 1              0
only in B                 2              1

sequences only in B: 1
  {THIRD_ID}  2 events

sequences that depart: 2
  {OTHER_ID}  at version 1
  {ID}  at version 1

events that differ: 2
  {OTHER_ID}@1  only in A: a.b#C
  {ID}@1  ~ n: 1 -> 7
"""
TOTALS = SUMMARY[: SUMMARY.index("\n\n") + 1]
LISTING = f"""\
sequence {OTHER_ID} departs at version 1
  version 1 is only in A: a.b#C
sequence {ID} departs at version 1
  version 1 differs
    ~ n: 1 -> 7
sequence {THIRD_ID} is only in B: 2 events

{TOTALS}"""


@pytest.fixture
def a(store_url: str) -> str:
    return journal_with(store_url, A_EVENTS)


@pytest.fixture
def b(tmp_path: Path) -> str:
    return journal_with(f"sqlite:///{tmp_path / 'b.db'}", B_EVENTS)


def two(folder: Path, events: list[RecordedEvent], others: list[RecordedEvent]) -> tuple[str, str]:
    """The URLs of two journals."""
    one = journal_with(f"sqlite:///{folder / 'one.db'}", events)
    return one, journal_with(f"sqlite:///{folder / 'two.db'}", others)


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


# What it prints


def test_journals_that_are_the_same_end_with_0_and_nothing_on_stdout(a: str, tmp_path: Path) -> None:
    same = journal_with(f"sqlite:///{tmp_path / 'same.db'}", A_EVENTS[::-1])
    for other in (same, a):
        ended = run("diff", a, other)
        assert (ended.returncode, ended.stdout) == (0, "")
        line = r"esjournal: 5 and 5 events compared: the same, [\d.]+ s, [\d,]+/s\n"
        assert re.fullmatch(line, ended.stderr), ended.stderr
    assert run("diff", "-q", a, same).stderr == ""


def test_a_summary_has_the_totals_and_what_differs_and_the_exit_is_1(a: str, b: str) -> None:
    ended = run("diff", a, b)
    assert ended.returncode == 1
    assert ended.stdout == SUMMARY
    line = r"esjournal: 5 and 6 events compared: 1 different, 1 only in A, 2 only in B, [\d.]+ s, [\d,]+/s\n"
    assert re.fullmatch(line, ended.stderr), ended.stderr


def test_full_prints_every_difference_in_the_order_of_places(a: str, b: str) -> None:
    result = invoke("diff", "--full", "-q", a, b)
    assert (result.exit_code, result.stdout, result.stderr) == (1, LISTING, "")


def test_a_summary_shows_the_first_of_very_many_and_full_all(tmp_path: Path) -> None:
    count = SHOWN_OF_A_KIND + 3
    ids = [[str(UUID(int=number + 1000 * kind)) for number in range(count)] for kind in (1, 2, 3)]
    one = [event(0, of=of) for of in ids[0] + ids[2]]
    other = [event(0, of=of) for of in ids[1]] + [event(0, '{"a":1}', of=of) for of in ids[2]]
    urls = two(tmp_path, one, other)
    summary = invoke("diff", *urls).stdout
    assert summary.count("  3 more; --full shows all\n") == 4
    assert summary.count("00000000-0000-") == 4 * SHOWN_OF_A_KIND
    full = invoke("diff", "--full", *urls).stdout
    assert "more" not in full
    assert full.count("00000000-0000-") == 3 * count


def test_per_sequence_counts_every_sequence(a: str, b: str) -> None:
    rows = invoke("diff", "--per-sequence", a, b).stdout.removesuffix(f"\n{SUMMARY}").splitlines()
    assert [row.split() for row in rows[1:]] == [
        [OTHER_ID, "2", "1", "1", "0", "1", "0"],
        [ID, "3", "3", "2", "1", "0", "0"],
        [THIRD_ID, "0", "2", "0", "0", "0", "2"],
    ]
    assert rows[0].split("  ")[0] == "sequence"
    same = invoke("diff", "--per-sequence", a, a)
    assert (same.exit_code, len(same.stdout.splitlines())) == (0, 3)


def test_other_times_are_reported_and_are_not_differences(a: str, tmp_path: Path) -> None:
    late = [found._replace(recorded_at="2027-01-01T00:00:00.000000Z") for found in A_EVENTS[:2]]
    other = journal_with(f"sqlite:///{tmp_path / 'late.db'}", late + A_EVENTS[2:])
    result = invoke("diff", a, other)
    assert (result.exit_code, result.stdout) == (0, "")
    assert ": the same, 2 recorded at another time, " in result.stderr
    assert json.loads(invoke("diff", "-F", "json", a, other).stdout)["totals"]["events"]["recorded_otherwise"] == 2


@pytest.mark.parametrize(
    ("state", "other", "lines"),
    [
        ('{"a":1,"b":2}', '{"b":3,"c":{"d":[1]}}', ["+ c.d: [1]", "~ b: 2 -> 3", "- a: 1"]),
        ("{}", "{ }", ["the texts of the states differ at character 2; the values are the same"]),
        ("secret", "secreT", ["the texts of the states differ at character 6; they are not both JSON objects"]),
        ("[1]", "[1, 2]", ["the texts of the states differ at character 3; they are not both JSON objects"]),
        ('{"event type":1}', '{"event type":2}', ['~ "event type": 1 -> 2']),
    ],
)
def test_the_fields_that_differ_are_shown(tmp_path: Path, state: str, other: str, lines: list[str]) -> None:
    urls = two(tmp_path, [event(0, state)], [event(0, other)])
    shown = invoke("diff", "--full", *urls).stdout.split("  version 0 differs\n")[1].split("\n\n")[0]
    assert [line.strip() for line in shown.splitlines()] == lines


def test_a_type_that_differs_is_shown(tmp_path: Path) -> None:
    urls = two(tmp_path, [event(0, event_type="a#Paid")], [event(0, event_type="b#Paid")])
    assert "    ~ event type: a#Paid -> b#Paid\n" in invoke("diff", "--full", *urls).stdout
    assert f"  {ID}@0  ~ event type: a#Paid -> b#Paid\n" in invoke("diff", *urls).stdout


def test_a_summary_is_short_however_much_differs(tmp_path: Path) -> None:
    many, long = json.dumps({f"field{n}": n for n in range(50)}), json.dumps({"a": "x" * 100_000})
    urls = two(tmp_path, [event(0), event(1)], [event(0, many), event(1, long)])
    summary = invoke("diff", *urls).stdout
    assert f"{ID}@0  + field0: 0, + field1: 1, + field2: 2, 47 more\n" in summary
    assert max(map(len, summary.splitlines())) < 200
    assert invoke("diff", "--full", *urls).stdout.count("x") == 100_000


def test_as_json_compares_values(tmp_path: Path) -> None:
    one, other = '{"price":1.10,"at":{"x":1,"y":1E2}}', '{ "at":{"y":100,"x":1}, "price":1.1 }'
    urls = two(tmp_path, [event(0, one), event(1, "{}")], [event(0, other), event(1, "{}")])
    assert invoke("diff", *urls).exit_code == 1
    assert invoke("diff", "--as-json", *urls).exit_code == 0
    dearer = journal_with(f"sqlite:///{tmp_path / 'dearer.db'}", [event(0, other.replace("1.1 ", "1.2")), event(1)])
    assert f"{ID}@0  ~ price: 1.10 -> 1.2\n" in invoke("diff", "--as-json", urls[0], dearer).stdout


# For scripts


def counts(**given: int) -> dict[str, int]:
    names = ("in_a", "in_b", "same", "different", "only_in_a", "only_in_b", "recorded_otherwise")
    return {name: given.get(name, 0) for name in names}


SEQUENCES: list[dict[str, object]] = [
    {
        "originator_id": OTHER_ID,
        "status": "different",
        "departs_at": 1,
        "events": counts(in_a=2, in_b=1, same=1, only_in_a=1),
    },
    {
        "originator_id": ID,
        "status": "different",
        "departs_at": 1,
        "events": counts(in_a=3, in_b=3, same=2, different=1),
    },
    {"originator_id": THIRD_ID, "status": "only_in_b", "departs_at": None, "events": counts(in_b=2, only_in_b=2)},
]
EVENTS: list[dict[str, object]] = [
    {
        "originator_id": OTHER_ID,
        "originator_version": 1,
        "status": "only_in_a",
        "event_type": {"a": "a.b#C", "b": None},
        **dict.fromkeys(("added", "changed", "removed", "state_differs_at")),
    },
    {
        "originator_id": ID,
        "originator_version": 1,
        "status": "different",
        "event_type": {"a": "a.b#C", "b": "a.b#C"},
        "added": {},
        "changed": {"n": [1, 7]},
        "removed": {},
        "state_differs_at": 6,
    },
]


def test_ndjson_is_a_line_for_each_difference_and_the_totals(a: str, b: str) -> None:
    *sequences, totals = objects(invoke("diff", "-F", "ndjson", a, b).stdout)
    assert sequences == [{"kind": "sequence", **found} for found in SEQUENCES]
    assert (totals["kind"], totals["same"]) == ("totals", False)
    assert totals["events"] == counts(in_a=5, in_b=6, same=3, different=1, only_in_a=1, only_in_b=2)
    assert totals["sequences"] == {"in_a": 2, "in_b": 3, "same": 0, "different": 2, "only_in_a": 0, "only_in_b": 1}
    assert [totals["a"].partition("?")[0], totals["b"]] == [a.partition("?")[0].replace(":@", ":***@"), b]


def test_ndjson_has_the_events_with_full_and_every_sequence_with_per_sequence(a: str, b: str) -> None:
    lines = objects(invoke("diff", "-F", "ndjson", "--full", a, b).stdout)
    events, sequences = ([line for line in lines if line["kind"] == kind] for kind in ("event", "sequence"))
    assert events == [{"kind": "event", **found} for found in EVENTS]
    assert sequences == [{"kind": "sequence", **found} for found in SEQUENCES]
    assert [line["kind"] for line in lines] == ["event", "sequence", "event", "sequence", "sequence", "totals"]
    *every, _ = objects(invoke("diff", "-F", "ndjson", "--per-sequence", a, a).stdout)
    assert [(line["originator_id"], line["status"]) for line in every] == [(OTHER_ID, "same"), (ID, "same")]


@pytest.mark.parametrize("options", [[], ["--full"], ["--per-sequence"]], ids=str)
def test_json_is_one_object_with_the_same(a: str, b: str, options: list[str]) -> None:
    for pair in ((a, b), (a, a)):
        document = json.loads(invoke("diff", "-F", "json", *options, *pair).stdout)
        *lines, totals = objects(invoke("diff", "-F", "ndjson", *options, *pair).stdout)
        assert totals.pop("kind") == "totals"
        assert document == {"differences": lines, "totals": totals}
        assert totals["same"] is (pair == (a, a))


def test_empty_journals_are_the_same(store_url: str, tmp_path: Path) -> None:
    journal_with(store_url, [])
    other = journal_with(f"sqlite:///{tmp_path / 'empty.db'}", [])
    assert (invoke("diff", store_url, other).exit_code, invoke("diff", store_url, other).stdout) == (0, "")
    document = json.loads(invoke("diff", "-F", "json", store_url, other).stdout)
    assert (document["differences"], document["totals"]["same"]) == ([], True)
    journal_with(f"sqlite:///{tmp_path / 'some.db'}", sequence(2))
    assert "sequences only in A: 1\n" in invoke("diff", str(tmp_path / "some.db"), other).stdout


# Hostile text

HOSTILE = [
    "\x1b[2J",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2066x",
    "a\nb\tc",
    "[/] [bold]x[/bold]",
    "[link=http://e]x[/link]",
    "漢" * 80,
]


@pytest.mark.long
def test_stored_text_never_controls_a_terminal(tmp_path: Path) -> None:
    states = [json.dumps({text: text, "n": {text: [text]}}, ensure_ascii=False) for text in HOSTILE]
    events = [event(version, state) for version, state in enumerate([*states, *HOSTILE])]
    events.append(event(90, event_type="[/]#[bold]"))
    urls = two(tmp_path, events, [found._replace(state="{}", event_type="[red]x") for found in events])
    for options in ([], ["--full"], ["-F", "json", "--full"], ["-F", "ndjson", "--full"], ["--per-sequence"]):
        text = on_terminal("diff", "-q", *options, *urls)
        bare = plain(text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", bare)
    full = "".join(plain(on_terminal("diff", "-q", "--full", *urls)).split())
    assert "[/]#[bold]->[red]x" in full
    assert "\\u001b[2J" in full
    for output in ("json", "ndjson"):
        assert "\\u202e" in on_terminal("diff", "-q", "--full", "-F", output, *urls)


def test_a_path_that_is_hostile_is_valid_json_in_a_pipe(tmp_path: Path) -> None:
    keys = [*HOSTILE, "\ud800", "a.b", '"', ""]
    one, other = (json.dumps(dict.fromkeys(keys, number)) for number in (1, 2))
    urls = two(tmp_path, [event(0, one)], [event(0, other)])
    [found, _, _] = objects(invoke("diff", "--full", "-F", "ndjson", *urls).stdout)
    assert len(found["changed"]) == len(keys)


def test_ids_that_are_no_ids_are_escaped(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, A_EVENTS)
    execute(
        sqlite_url, "UPDATE stored_events SET originator_id = char(27) || '[2J' || char(10) WHERE global_position = 1"
    )
    other = journal_with(f"sqlite:///{tmp_path / 'b.db'}", A_EVENTS)
    assert "\x1b[2J" not in on_terminal("diff", sqlite_url, other)
    assert "  \\u001b[2J\\n  1 event\n" in invoke("diff", sqlite_url, other).stdout


# On a terminal


@pytest.mark.parametrize("options", [[], ["--full"], ["--per-sequence"]], ids=str)
def test_lines_fit_a_terminal(tmp_path: Path, options: list[str]) -> None:
    long = json.dumps({"unbroken": "x" * 300, "wide": "\u6f22" * 100}, ensure_ascii=False)
    urls = two(tmp_path, A_EVENTS, [found._replace(state=long) for found in B_EVENTS])
    for columns in (40, 80, 120, 160, 200):
        text = plain(on_terminal("diff", "-q", *options, *urls, columns=columns))
        assert max(cell_len(line) for line in text.splitlines()) <= columns
        assert "~ different            4          2" in text


def test_a_terminal_without_unicode_gets_escapes(tmp_path: Path) -> None:
    urls = two(tmp_path, [event(0)], [event(0, '{"town":"Nürnberg"}')])
    for options in ([], ["--full"]):
        text = plain(on_terminal("diff", *options, *urls, PYTHONIOENCODING="ascii"))
        assert "N\\u00fcrnberg" in text


def test_progress_is_seen_on_a_terminal_and_not_when_quiet(tmp_path: Path) -> None:
    events = list(generated(12_000))
    urls = two(tmp_path, events, events)
    text = CONTROL.sub("", on_terminal("diff", *urls))
    assert re.search(r"([\d,]+ events, [\d,]+/s|both are read) .*\d+%", text)
    assert text.splitlines()[-1].startswith("esjournal: 12,000 and 12,000 events compared: the same")
    assert on_terminal("diff", "--quiet", *urls) == ""


@pytest.fixture
def before_and_after(tmp_path: Path) -> list[str]:
    """Two journals with every kind of difference, and the options of a test."""
    before = [
        event(0, '{"owner":"Ann","city":{"name":"Bonn"},"seats":2}'),
        event(1, '{"n":1}', event_type="a.b#Left"),
        event(0, '{"n":1}', of=OTHER_ID),
    ]
    after = [
        event(0, '{"owner":"Bob","city":{"name":"Rome"},"notes":["new"]}'),
        event(0, '{"n":1}', of=THIRD_ID),
        event(0, "{}", of=OTHER_ID)._replace(metadata='{"user":"ann"}'),
        event(1, '{"n": 1}', event_type="a.b#Came", of=OTHER_ID),
    ]
    folders = tmp_path / "old", tmp_path / "new"
    for folder, events in zip(folders, (before, after), strict=True):
        folder.mkdir()
        journal_with(f"sqlite:///{folder / 'shop.db'}", events)
    return [str(folder / "shop.db") for folder in folders]


COUNTED = """\
                       events  sequences
  old/shop.db               3          2
  new/shop.db               4          3
  the same                  0          0
~ different                 2          2
- only in old/shop.db       1          0
+ only in new/shop.db       2          1
"""


def test_a_summary_on_a_terminal_names_the_journals_and_the_keys_that_differ(before_and_after: list[str]) -> None:
    assert plain(on_terminal("diff", "-q", *before_and_after)) == (
        f"{COUNTED}\n"
        "sequences only in new/shop.db: 1\n"
        f"+ {THIRD_ID}  1 event\n\n"
        "sequences that depart: 2\n"
        f"~ {OTHER_ID}  at version 0\n"
        f"~ {ID}  at version 0\n\n"
        "events that differ: 4\n"
        f"~ {OTHER_ID}@0  C\n"
        "    - n: 1\n"
        '    + metadata: {"user":"ann"}\n'
        f"+ {OTHER_ID}@1  Came  n=1\n"
        f"~ {ID}@0  C\n"
        '    + notes: ["new"]\n'
        '    ~ owner: "Ann" -> "Bob"\n'
        '    ~ city.name: "Bonn" -> "Rome"\n'
        "    1 more\n"
        f"- {ID}@1  Left  n=1\n"
    )
    assert "2 different, 1 only in old/shop.db, 2 only in new/shop.db, " in on_terminal(
        "diff", *before_and_after, columns=200
    )


def test_full_shows_one_value_after_the_other_on_a_narrow_terminal(before_and_after: list[str]) -> None:
    assert plain(on_terminal("diff", "-q", "--full", *before_and_after)) == (
        "- old/shop.db  + new/shop.db\n"
        f"sequence {OTHER_ID} departs at version 0\n"
        "~ version 0  C\n"
        "    - n: 1\n"
        '    + metadata: {"user":"ann"}\n'
        "+ version 1  Came  n=1\n"
        f"sequence {ID} departs at version 0\n"
        "~ version 0  C\n"
        '    + notes: ["new"]\n'
        '    ~ owner: "Ann" -> "Bob"\n'
        '    ~ city.name: "Bonn" -> "Rome"\n'
        "    - seats: 2\n"
        "- version 1  Left  n=1\n"
        f"+ sequence {THIRD_ID}  only in new/shop.db: 1 event\n\n"
        f"{COUNTED}"
    )


def test_full_shows_values_side_by_side_on_a_wide_terminal(before_and_after: list[str]) -> None:
    def row(left: str, a: str, b: str = "") -> str:
        return f"{left:<44}  {a:<56}  {b}".rstrip()

    shown = plain(on_terminal("diff", "-q", "--full", *before_and_after, columns=160))
    assert [line.rstrip() for line in shown.split(f"\n{COUNTED}")[0].splitlines()] == [
        row("", "old/shop.db", "new/shop.db"),
        f"sequence {OTHER_ID} departs at version 0",
        row("~ version 0", "a.b#C", "a.b#C"),
        row("    - n", "1"),
        row("    + metadata", "", '{"user":"ann"}'),
        row("+ version 1", "", "a.b#Came  n=1"),
        f"sequence {ID} departs at version 0",
        row("~ version 0", "a.b#C", "a.b#C"),
        row("    + notes", "", '["new"]'),
        row("    ~ owner", '"Ann"', '"Bob"'),
        row("    ~ city.name", '"Bonn"', '"Rome"'),
        row("    - seats", "2"),
        row("- version 1", "a.b#Left  n=1"),
        f"+ sequence {THIRD_ID}  only in new/shop.db: 1 event",
    ]
    summary = plain(on_terminal("diff", "-q", *before_and_after, columns=160)).splitlines()
    assert row("events that differ: 4", "old/shop.db", "new/shop.db") in map(str.rstrip, summary)
    assert row(f"~ {ID}@0", "a.b#C", "a.b#C") in map(str.rstrip, summary)


@pytest.mark.parametrize("by_picture", [False, True])
def test_pictures_of_several_characters_do_not_shift_the_other_side(tmp_path: Path, by_picture: bool) -> None:
    urls = two(tmp_path, [event(0, '{"mood":"👍🏽 👩🏽\u200d🚀"}')], [event(0, '{"mood":"👎🏽"}')])
    rows = rows_of(on_terminal("diff", "-q", "--full", *urls, columns=160), by_picture=by_picture)
    header, row = (next(row for row in rows if text in "".join(row)) for text in ("two.db", "~ mood"))
    begin = "".join(header).index("two.db")
    assert row[begin - 2 : begin + 1] == [" ", " ", '"']


def test_long_values_are_shown_from_where_they_differ(tmp_path: Path) -> None:
    texts = [f'{{"text":"{"x" * 300}{end}","new":1}}' for end in ("a", f"b{'y' * 300}")]
    urls = two(tmp_path, [event(0, texts[0])], [event(0, texts[1].replace(',"new":1', ""))])
    of_a, of_b = r'…x+a"', r"…x+b(y+)… \+(\d+) characters\n"
    for columns, shown in ((80, rf"~ text:\n +- {of_a}\n +\+ {of_b}"), (160, rf"~ text +{of_a} +{of_b}")):
        text = plain(on_terminal("diff", "-q", "--full", *urls, columns=columns))
        found = re.search(shown, text)
        assert found is not None, text
        # With the quotation mark at the end.
        assert len(found[1]) + int(found[2]) == 301
    assert "characters" not in invoke("diff", "-q", "--full", *urls).stdout


def test_each_side_has_its_colour_and_none_where_it_is_not_wanted(before_and_after: list[str]) -> None:
    red, green, yellow, end = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
    for columns, arrow in ((80, f" \x1b[2m->{end} "), (160, " " * 53)):
        text = on_terminal("diff", "-q", "--full", *before_and_after, columns=columns)
        assert f'{red}"Ann"{end}{arrow}{green}"Bob"{end}\n' in text
        for colour, place in ((red, "- version 1"), (green, "+ version 1"), (yellow, "~ version 0")):
            assert f"{colour}{place}" in text
        assert f"{yellow}~ owner" in text
    without = on_terminal("diff", "-q", "--full", *before_and_after, NO_COLOR="1")
    assert not re.search(r"\x1b\[3\dm", without)


def test_counts_of_sequences_are_in_columns_with_as_many_as_fit(before_and_after: list[str]) -> None:
    def rows(columns: int) -> list[list[str]]:
        shown = plain(on_terminal("diff", "-q", "--per-sequence", *before_and_after, columns=columns))
        return [line.split() for line in shown.split("\n\n")[0].splitlines()]

    assert rows(120) == [
        ["sequence", "old/shop.db", "new/shop.db", "same", "~", "-", "+"],
        [OTHER_ID, "1", "2", "0", "1", "0", "1"],
        [ID, "2", "1", "0", "1", "1", "0"],
        [THIRD_ID, "0", "1", "0", "0", "0", "1"],
    ]
    assert rows(80)[1] == [OTHER_ID[:8], *rows(120)[1][1:]]
    assert rows(40)[:2] == [["sequence", "~", "-", "+"], [OTHER_ID[:8], "1", "0", "1"]]


@pytest.mark.parametrize(
    ("addresses", "names"),
    [
        (("sqlite:///before.db", "sqlite:////srv/after.db"), ("before.db", "after.db")),
        (("sqlite:////old/shop.db", "sqlite:////new/shop.db"), ("old/shop.db", "new/shop.db")),
        (("shop/a.ndjson", "sqlite:///a.ndjson"), ("shop/a.ndjson", "a.ndjson")),
        (("a.db", "a.db"), ("a.db (A)", "a.db (B)")),
        (("orders.csv", "sqlite:///orders.csv"), ("orders.csv", "sqlite:///orders.csv")),
        (("postgresql://me:***@h/shops", "postgresql://me:***@i/shops"), ("me:***@h/shops", "me:***@i/shops")),
        (("postgresql://h/s?schema=a&timeout=1", "postgresql://h/s?schema=b&timeout=1"), ("s?schema=a", "s?schema=b")),
        (("sqlite:///bank.db?layout=eventsourcing", "sqlite:///new.db"), ("bank.db", "new.db")),
        (("postgresql:///?service=a", "postgresql:///?service=b"), ("?service=a", "?service=b")),
        (("postgresql:///?service=a",) * 2, ("postgresql:///?service=a (A)", "postgresql:///?service=a (B)")),
        (("\x1b[2J\n.db", "b.db"), ("\\u001b[2J\\n.db", "b.db")),
    ],
)
def test_two_journals_have_short_names_that_tell_them_apart(addresses: tuple[str, str], names: tuple[str, str]) -> None:
    assert short_names(*addresses) == names


# How it ends


def test_a_store_that_is_not_a_journal_is_named_without_its_password(a: str, tmp_path: Path) -> None:
    for pair in ((a, str(tmp_path / "none.db")), (str(tmp_path / "none.db"), a)):
        refused(invoke("diff", "-F", "json", *pair), 5, "nothing is at .*none.db")
    refused(invoke("diff", a, str(tmp_path / "none.ndjson")), 2, "none.ndjson cannot be read")
    unreachable = "postgresql://me:s3cret@127.0.0.1:1/x"
    result = invoke("diff", a, unreachable)
    assert "s3cret" not in result.output
    refused(result, 5, "cannot be reached")


def test_mistakes_are_reported_and_no_password_is_shown(a: str) -> None:
    refused(invoke("diff", a), 2, "Missing argument 'B'")
    refused(invoke("--url", a, "diff", a, a), 2, "leave out --url")
    result = invoke("diff", a, a, "postgresql://me:s3cret@host/x")
    assert "s3cret" not in result.output
    refused(result, 2, "unexpected extra argument")


def test_a_file_with_a_bad_line_is_refused_with_its_place(a: str, tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", A_EVENTS)
    path.write_text(f"{path.read_text()}nonsense\n")
    refused(invoke("diff", a, str(path)), 3, r"e\.ndjson:6: ")


def test_a_side_that_is_damaged_ends_it_with_one_line(a: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    journal_with(str(path), list(generated(3_000)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    ended = run("diff", "-F", "ndjson", a, str(path))
    assert ended.returncode == 5
    assert re.fullmatch("esjournal: [^\n]*damaged.db is damaged: [^\n]*\n", ended.stderr), ended.stderr


@pytest.fixture(params=["-F ndjson --full", "--full"], ids=str)
def long_diff(request: pytest.FixtureRequest, a: str, tmp_path: Path) -> list[str]:
    """A command that prints more than is read."""
    urls = two(tmp_path, sequence(5_000), [event(version, "secret") for version in range(5_000)])
    return ["diff", *request.param.split(), *urls]


@pytest.mark.long
def test_ctrl_c_ends_it_with_one_line(long_diff: list[str]) -> None:
    # Nothing reads its output, so it is still running.
    with start(*long_diff, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.decode() == "esjournal: interrupted; uncommitted changes were rolled back\n"


@pytest.mark.long
def test_a_reader_that_stops_early_is_not_an_error(long_diff: list[str]) -> None:
    with start(*long_diff, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.wait(120) == 0


def test_states_that_are_huge_are_compared(store_url: str, tmp_path: Path) -> None:
    state = json.dumps({"first": 1, "text": "x" * 5_000_000, "last": 1})
    journal_with(store_url, [event(version, state) for version in range(3)])
    other = journal_with(
        f"sqlite:///{tmp_path / 'b.db'}",
        [event(0, state), event(1, state.replace('"last": 1', '"last": 2')), event(2, f"{state} ")],
    )
    full = invoke("diff", "--full", store_url, other).stdout
    assert "    ~ last: 1 -> 2\n" in full
    assert f"differ at character {len(state) + 1}; the values are the same\n" in full
    assert invoke("diff", "--as-json", store_url, other).stdout.count("@") == 1


@pytest.mark.long
@pytest.mark.parametrize("different", [False, True], ids=["equal", "different"])
def test_memory_stays_flat_however_large_the_journals(store_url: str, tmp_path: Path, different: bool) -> None:
    peaks = []
    for name, count in (("few", FEW), ("many", MANY)):
        url = f"{store_url}_{name}" if "schema=" in store_url else store_url.replace("journal.db", f"{name}.db")
        events = list(generated(count))
        journal_with(url, events)
        other = [found._replace(state='{"other":true}') for found in events] if different else events
        pair = (url, journal_with(f"sqlite:///{tmp_path / f'other-{name}.db'}", other))
        peaks.append([peak_kibibytes("diff", *options, *pair) for options in ([], ["--full", "-F", "ndjson"])])
    assert [many - few for few, many in zip(*peaks, strict=True) if many - few > GROWTH_TO_MANY] == []
