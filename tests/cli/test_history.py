"""`history`: its output, in each format, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from esjournal.cli.terminal import visible
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.other_libraries.tables import message_db_with
from tests.helpers.program import invoke, refused, run
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import HOSTILE, MARKUP, on_terminal, plain

EVENTS = [
    event(0, '{"owner":"Ann","balance":1.10,"address":{"zip":1010}}', event_type="a#Opened"),
    event(1, '{"balance":2.20}', event_type="a#Paid"),
    event(2, '{"owner":null,"address":{"city":"Graz"}}', event_type="a#Moved")._replace(
        recorded_at="2026-02-01T00:00:00.000000Z"
    ),
]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


def test_a_history_shows_what_changed_and_what_it_came_to(url: str) -> None:
    ended = run("history", ID[:4], url=url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        "version 0  a#Opened  2026-01-31T12:00:00.000000Z\n"
        '  + owner: "Ann"\n  + balance: 1.10\n  + address.zip: 1010\n'
        "version 1  a#Paid  2026-01-31T12:00:00.000000Z\n"
        "  ~ balance: 1.10 -> 2.20\n"
        "version 2  a#Moved  2026-02-01T00:00:00.000000Z\n"
        '  + address.city: "Graz"\n  - owner: "Ann"\n'
        "\nstate at version 2\n"
        '{\n  "balance": 2.20,\n  "address": {\n    "zip": 1010,\n    "city": "Graz"\n  }\n}\n'
    )


def test_json_is_the_state_with_its_numbers_as_they_were_written(url: str) -> None:
    ended = invoke("history", ID, "--at-version", "1", "-F", "json", url=url)
    assert ended.stdout == (
        f'{{"originator_id":"{ID}","originator_version":1,"recorded_at":"2026-01-31T12:00:00.000000Z",'
        '"state":{"owner":"Ann","balance":2.20,"address":{"zip":1010}}}\n'
    )


def test_ndjson_is_a_line_for_each_event(url: str) -> None:
    lines = [json.loads(line) for line in invoke("history", ID, "-F", "ndjson", url=url).stdout.splitlines()]
    assert [line["originator_version"] for line in lines] == [0, 1, 2]
    assert lines[1] == {
        "originator_version": 1,
        "event_type": "a#Paid",
        "recorded_at": "2026-01-31T12:00:00.000000Z",
        "global_position": 2,
        "added": {},
        "changed": {"balance": [1.1, 2.2]},
        "removed": {},
    }
    assert lines[2]["removed"] == {"owner": "Ann"}


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["--at-version", "0"], 0),
        (["--at-time", "2026-01-31T12:00:00Z"], 1),
        (["--at-time", "2026-01-31T13:00:00+01:00"], 1),
        (["--at-time", "now"], 2),
        (["--at-time", "now", "--at-version", "1"], 1),
        (["--as-of", "2"], 1),
        (["--as-of", "2026-01-31T12:00:00Z"], 1),
        (["--as-of", "99", "--at-version", "0"], 0),
    ],
)
def test_the_state_at_a_version_or_at_a_time(url: str, arguments: list[str], last: int) -> None:
    found = json.loads(invoke("history", ID, *arguments, "-F", "json", url=url).stdout)
    assert found["originator_version"] == last


def clock_set_back(url: str) -> str:
    """A journal whose second event says that it was recorded before the first."""
    times = ["00.593", "00.590", "00.600", "00.595", "00.700"]
    return journal_with(
        url,
        [
            event(version, f'{{"f{version}":1}}')._replace(recorded_at=f"2026-01-31T12:00:{time}000Z")
            for version, time in enumerate(times)
        ],
    )


@pytest.mark.parametrize(
    ("options", "last", "later"),
    [
        (["--at-time", "2026-01-31T12:00:00.591Z"], 1, 1),
        (["--at-time", "2026-01-31T12:00:00.593Z"], 1, 0),
        (["--at-time", "2026-01-31T12:00:00.599Z"], 3, 1),
        (["--at-time", "2026-01-31T12:00:00.599Z", "--at-version", "2"], 1, 0),
        (["--at-time", "2026-01-31T12:00:01Z"], 4, 0),
    ],
)
def test_the_state_at_a_time_has_all_events_before_the_last_one_recorded_by_then(
    store_url: str, options: list[str], last: int, later: int
) -> None:
    ended = invoke("history", ID, *options, "-F", "json", url=clock_set_back(store_url))
    assert json.loads(ended.stdout)["state"] == {f"f{version}": 1 for version in range(last + 1)}
    assert ended.exit_code == 0
    told = f"esjournal: {later} of {last + 1} events was recorded after 2026-01-31T12:00:00.59"
    assert ended.stderr.startswith(told) if later else ended.stderr == ""


def test_a_field_may_be_in_an_array(store_url: str) -> None:
    states = [
        '{"a":[{"b":1},2]}',
        '{"a":[{"b":1},3]}',
        '{"a":[{"b":{"c":1}},3]}',
        '{"a":{"0":1}}',
        '{"a":[{"b":4}]}',
        '{"a":null}',
    ]
    journal_with(store_url, [event(version, state) for version, state in enumerate(states)])
    assert invoke("history", ID, "--field", "a[0].b", url=store_url).stdout == (
        "version 0  a.b#C  2026-01-31T12:00:00.000000Z\n  + a[0].b: 1\n"
        "version 2  a.b#C  2026-01-31T12:00:00.000000Z\n  + a[0].b.c: 1\n  - a[0].b: 1\n"
        "version 3  a.b#C  2026-01-31T12:00:00.000000Z\n  - a[0].b.c: 1\n"
        "version 4  a.b#C  2026-01-31T12:00:00.000000Z\n  + a[0].b: 4\n"
        "version 5  a.b#C  2026-01-31T12:00:00.000000Z\n  - a[0].b: 4\n"
    )
    found = json.loads(invoke("history", ID, "--field", "a[0].b", "-F", "json", url=store_url).stdout)
    assert (found["field"], found["value"], found["originator_version"]) == ("a[0].b", None, 5)


def test_a_time_before_all_of_them_finds_nothing(store_url: str) -> None:
    refused(
        invoke("history", ID, "--at-time", "2026-01-31T12:00:00.589Z", url=clock_set_back(store_url)), 1, "no events"
    )


@pytest.mark.long
def test_the_events_that_set_a_field_and_the_last_of_them(url: str) -> None:
    assert run("history", ID, "--field", "owner", url=url).stdout == (
        "version 0  a#Opened  2026-01-31T12:00:00.000000Z\n"
        '  + owner: "Ann"\n'
        "version 2  a#Moved  2026-02-01T00:00:00.000000Z\n"
        '  - owner: "Ann"\n'
    )
    found = json.loads(invoke("history", ID, "--field", "balance", "-F", "json", url=url).stdout)
    assert found == {
        "originator_id": ID,
        "field": "balance",
        "value": 2.2,
        "originator_version": 1,
        "event_type": "a#Paid",
        "recorded_at": "2026-01-31T12:00:00.000000Z",
        "global_position": 2,
    }
    assert "address.city" in run("history", ID, "--field", "address", url=url).stdout


def test_a_field_that_was_removed_last_has_no_value(url: str) -> None:
    found = json.loads(invoke("history", ID, "--field", "owner", "-F", "json", url=url).stdout)
    assert (found["value"], found["originator_version"]) == (None, 2)


@pytest.mark.long
def test_names_that_need_quotes_are_shown_as_field_takes_them(store_url: str) -> None:
    # Half of a surrogate pair is valid in JSON as an escape, but cannot be written in UTF-8.
    journal_with(store_url, [event(0, r'{"a b":{"c.d":"\ud800"},"\udc00":1}')])
    printed = run("history", ID, "-F", "ndjson", url=store_url)
    assert printed.returncode == 0, printed.stderr
    added = json.loads(printed.stdout)["added"]
    assert list(added) == ['"a b"."c.d"', '"\\udc00"']
    for name in added:
        assert f"  + {name}: " in run("history", ID, "--field", name, url=store_url).stdout


def test_a_file_is_shown_as_a_journal_is(tmp_path: Path, url: str) -> None:
    path = str(file_with(tmp_path / "e.ndjson", EVENTS))
    assert invoke("history", ID, url=path).stdout == invoke("history", ID, url=url).stdout


def test_states_that_are_no_objects_are_counted_and_not_folded(store_url: str) -> None:
    journal_with(store_url, [EVENTS[0], event(1, "cipher")])
    ended = invoke("history", ID, url=store_url)
    assert ended.exit_code == 0
    assert "  not folded: the state is not a JSON object\n" in ended.stdout
    assert ended.stderr == "esjournal: 1 of 2 events cannot be folded: only JSON objects can\n"


def test_events_that_are_not_folded_are_null_in_ndjson_and_named_if_nothing_is_found(store_url: str) -> None:
    journal_with(store_url, [event(0, "cipher")])
    line = json.loads(invoke("history", ID, "-F", "ndjson", url=store_url).stdout)
    assert (line["added"], line["changed"], line["removed"]) == (None, None, None)
    refused(
        invoke("history", ID, "--field", "a", url=store_url),
        1,
        "has no events that set a; 1 of 1 event cannot be folded: only JSON objects can",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([OTHER_ID], f"nothing found: sequence {OTHER_ID} is not in this journal"),
        (["0000"], "nothing found: no sequence in .* begins with 0000"),
        ([ID, "--field", "none"], "has no events that set none"),
        ([ID, "--at-time", "2020-01-01"], "has no events that match"),
        (["9b3"], "is not a UUID, nor the beginning or end of one, and no sequence of .* has that name"),
    ],
)
def test_nothing_found_is_exit_1(url: str, arguments: list[str], message: str) -> None:
    refused(invoke("history", *arguments, url=url), 1, message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["next"], "the name 'next' means something else as an argument"),
        ([ID, "--at-version", "x"], "is not a version"),
        ([ID, "--at-version", "1_0"], "is not a version"),
        ([ID, "--at-time", "soon"], "'soon' is not a time"),
        ([ID, "--field", "a..b"], "is not a path"),
        ([ID, "--format", "csv"], "'csv' is not one of"),
    ],
)
def test_bad_arguments_are_refused_with_one_line(url: str, arguments: list[str], message: str) -> None:
    refused(invoke("history", *arguments, url=url), 2, message)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_history_fits_the_terminal_and_its_changes_lose_nothing(sqlite_url: str, columns: int) -> None:
    long = json.dumps({"unbroken": "x" * 300, "wide": "\u6f22" * 100, "list": list(range(60))}, ensure_ascii=False)
    deep = '{"a":' * 60 + '"bottom"' + "}" * 60
    journal_with(sqlite_url, [event(0, long, event_type="m.n#" + "T" * 100), event(1, deep)])
    text = plain(on_terminal("history", ID, url=sqlite_url, columns=columns))
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= columns
    changes, state = text.split("\n\nstate at version 1\n")
    assert (changes.count("x"), changes.count("\u6f22"), changes.count("bottom")) == (300, 100, 1)
    # As in `get`, a long text ends with how many characters follow.
    [unbroken] = [line for line in state.splitlines() if "unbroken" in line]
    assert unbroken.endswith(f"\u2026 +{300 - unbroken.count('x')} characters")


@pytest.mark.long
def test_changes_have_colours_unless_none_are_wanted(url: str) -> None:
    text = on_terminal("history", ID, url=url)
    assert all(f"\x1b[{colour}m" in text for colour in (31, 32, 33))
    assert not any(f"\x1b[{colour}m" in on_terminal("history", ID, url=url, NO_COLOR="1") for colour in (31, 32, 33))


def test_nothing_stored_drives_the_terminal_and_each_value_is_seen(sqlite_url: str) -> None:
    # Both as names and as values. JSON requires escapes for ESC and other control characters; the rest may be raw.
    quoted = [json.dumps(text, ensure_ascii=False) for text in (*HOSTILE, *MARKUP)]
    states = [f'{{{text}:{text},"last":{version}}}' for version, text in enumerate(quoted)]
    hostile_type = "a\x1b[2J#[red]B\x9b"
    damaged_journal_with(sqlite_url, [event(n, state, event_type=hostile_type) for n, state in enumerate(states)])
    for arguments in ([], ["-F", "ndjson"], ["-F", "json"], ["--field", "last"]):
        text = plain(on_terminal("history", ID, *arguments, url=sqlite_url, columns=200))
        assert [character for character in text if character != visible(character)] == []
        assert "not folded" not in text
        assert "--field" in arguments or [value for value in quoted if visible(value) not in text] == []
    assert f"  {visible(hostile_type)}  " in text


def test_a_history_is_whole_on_a_terminal_without_unicode(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, '{"a":"\u6f22"}')])
    text = plain(on_terminal("history", ID, url=sqlite_url, PYTHONIOENCODING="ascii"))
    assert text.count("\\u6f22") == 2


# The net change between two versions


def net(url: str, *arguments: str) -> dict[str, object]:
    result = invoke("history", ID, *arguments, "-F", "json", url=url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == invoke("history", ID, *arguments, "-F", "ndjson", url=url).stdout
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_a_net_change_is_between_the_states_at_two_versions(url: str) -> None:
    assert net(url, "--from-version", "0", "--at-version", "2") == {
        "originator_id": ID,
        "from_version": 0,
        "originator_version": 2,
        "recorded_at": "2026-02-01T00:00:00.000000Z",
        "events": 2,
        "added": {"address.city": "Graz"},
        "changed": {"balance": [1.1, 2.2]},
        "removed": {"owner": "Ann"},
    }
    ended = run("history", ID, "--from-version", "0", url=url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        'from version 0 to version 2: 2 events\n  + address.city: "Graz"\n  ~ balance: 1.10 -> 2.20\n  - owner: "Ann"\n'
    )


@pytest.mark.parametrize("end", [["--at-version", "1"], ["--as-of", "2"], ["--at-time", "2026-01-31T12:00:00Z"]])
def test_a_net_change_ends_where_the_history_does(url: str, end: list[str]) -> None:
    found = net(url, "--from-version", "0", *end)
    assert (found["originator_version"], found["events"], found["added"]) == (1, 1, {})
    assert found["changed"] == {"balance": [1.1, 2.2]}


def test_what_was_undone_is_no_net_change(store_url: str, tmp_path: Path) -> None:
    states = ['{"a":{"b":1},"c":[1]}', '{"a":{"b":2},"d":1,"c":[2]}', '{"a":{"b":1},"d":null,"c":[1]}', '{"e":{}}']
    journal_with(store_url, [event(version, state) for version, state in enumerate(states, 1)])
    file = str(tmp_path / "e.ndjson")
    assert invoke("export", "-o", file, url=store_url).exit_code == 0
    for url in (store_url, file):
        assert run("history", ID, "--from-version", "1", "--at-version", "3", url=url).stdout == (
            "from version 1 to version 3: 2 events\n  nothing changed\n"
        )
        assert net(url, "--from-version", "2")["changed"] == {"a.b": [2, 1], "c": [[2], [1]]}
        # Before the first version, the state is empty.
        assert net(url, "--from-version", "0", "--at-version", "1")["added"] == {"a.b": 1, "c": [1]}


def test_a_net_change_in_another_librarys_table(postgres_url: str) -> None:
    url = message_db_with(postgres_url, EVENTS)
    found = net(url, "--from-version", "0")
    assert (found["events"], found["changed"]) == (2, {"balance": [1.1, 2.2]})


def test_an_empty_journal_has_no_net_change(store_url: str) -> None:
    journal_with(store_url, [])
    assert invoke("history", ID, "--from-version", "0", url=store_url).exit_code == 1


def test_a_net_change_of_one_field(url: str) -> None:
    found = net(url, "--from-version", "0", "--field", "address")
    assert (found["added"], found["changed"], found["removed"]) == ({"address.city": "Graz"}, {}, {})
    assert net(url, "--from-version", "1", "--field", "balance")["changed"] == {}


def test_a_gap_in_the_versions_is_the_version_before(store_url: str) -> None:
    journal_with(store_url, [event(0, '{"n":1}'), event(5, '{"n":2}'), event(9, '{"n":3}')])
    assert net(store_url, "--from-version", "3", "--at-version", "7")["changed"] == {"n": [1, 2]}


def test_no_events_after_the_version_are_nothing_found(url: str) -> None:
    refused(invoke("history", ID, "--from-version", "2", url=url), 1, "has no events after version 2")
    refused(invoke("history", ID, "--from-version", "1", "--as-of", "2", url=url), 1, "has no events after version 1")


@pytest.mark.parametrize("versions", [("2", "1"), ("1", "1")])
def test_versions_in_the_wrong_order_are_refused(url: str, versions: tuple[str, str]) -> None:
    first, last = versions
    ended = invoke("history", ID, "--from-version", first, "--at-version", last, url=url)
    refused(ended, 2, f"--from-version is {first} and --at-version {last}: nothing is between them")
    refused(invoke("history", ID, "--from-version", "x", url=url), 2, "originator_version 'x'")


def test_events_that_cannot_be_folded_are_reported_beside_a_net_change(store_url: str) -> None:
    journal_with(store_url, [event(0, '{"n":1}'), event(1, "secret"), event(2, '{"n":2}')])
    ended = invoke("history", ID, "--from-version", "0", url=store_url)
    assert ended.stdout == "from version 0 to version 2: 2 events\n  ~ n: 1 -> 2\n"
    assert ended.stderr == "esjournal: 1 event cannot be folded: only JSON objects can\n"


def test_a_net_change_on_a_terminal_is_the_same(url: str) -> None:
    shown = plain(on_terminal("history", ID, "--from-version", "0", url=url))
    assert "from version 0 to version 2: 2 events" in shown
    assert "~ balance: 1.10 -> 2.20" in shown


def test_a_state_may_be_deep(sqlite_url: str) -> None:
    deep = '{"a":' * 200 + "1" + "}" * 200
    journal_with(sqlite_url, [event(0, deep), event(1, '{"b":1}')])
    assert net(sqlite_url, "--from-version", "0")["added"] == {"b": 1}
