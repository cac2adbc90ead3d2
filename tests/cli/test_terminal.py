"""A real terminal, 80 columns wide: what fits, what is shown, and what never reaches it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from esjournal.cli.terminal import is_dumb, visible
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.loaded import loaded_command
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import HOSTILE, MARKUP, STYLE, ended_on_terminal, on_terminal, plain

pytestmark = pytest.mark.long


@pytest.fixture
def varied(sqlite_url: str) -> str:
    states = [
        "{}",
        '{"owner":"Ann","balance":1.10}',
        '{"note":"' + "long " * 100 + '"}',
        '{"wide":"' + "\u6f22\u5b57" * 60 + '"}',
        '{"unbroken":"' + "x" * 300 + '"}',
    ]
    kinds = ["a#B", "accounts.events#AccountOpened", "a.module.with.a.very.long.name.indeed#Outer.Inner.Innermost"]
    events = [event(n * (1 + n // 3), states[n % 5], event_type=kinds[n % 3]) for n in range(8)]
    return journal_with(sqlite_url, [*events, event(2**63 - 1, '{"last":true}')])


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_a_table_fits_the_terminal(varied: str, columns: int) -> None:
    lines = plain(on_terminal("get", ID, url=varied, columns=columns)).splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= columns


def test_every_event_is_shown_and_the_gaps_and_a_long_text_ends_with_how_much_follows(varied: str) -> None:
    text = plain(on_terminal("get", ID, url=varied))
    lines = text.splitlines()
    assert lines.count("versions 3 to 5 are missing") == 1
    assert "version 9223372036854775807  a.b#C  2026-01-31 12:00:00Z" in lines
    assert "version 2  a.module.with.a.very.long.name.indeed#Outer.Inner.Innermost" in lines
    assert "    last=true" in lines
    assert "    owner=Ann     balance=1.10" in lines
    [unbroken] = [line for line in lines if "unbroken" in line]
    shown = unbroken.count("x")
    assert unbroken.endswith(f"x… +{300 - shown} characters")
    assert max(map(cell_len, lines)) == 80


def test_states_are_coloured_unless_colour_is_not_wanted(varied: str) -> None:
    assert STYLE.search(on_terminal("get", ID, url=varied))
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", on_terminal("get", ID, url=varied, NO_COLOR="1"))


@pytest.mark.parametrize("command", [["log"], ["log", "--full"], ["get", ID], ["list"], ["stats"], ["history", ID]])
def test_a_dumb_terminal_gets_no_colours_and_no_pager(sqlite_url: str, command: list[str]) -> None:
    journal_with(sqlite_url, sequence(3))
    code, text = ended_on_terminal(*command, url=sqlite_url, TERM="dumb", PAGER="false")
    assert (code, "\x1b" in text) == (0, False)
    assert len(text.splitlines()) >= 2


def test_a_terminal_that_says_nothing_of_itself_is_dumb(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "dumb", "unknown"):
        monkeypatch.setenv("TERM", name)
        assert is_dumb()
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not is_dumb()
    monkeypatch.delenv("TERM")
    assert is_dumb()


def test_pieces_of_a_long_table_stand_under_one_another_as_one(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(1_200))
    lines = plain(on_terminal("get", ID, url=sqlite_url)).splitlines()
    assert sum("version" in line for line in lines) == 1
    starts = {line.index("n=") for line in lines if "n=" in line}
    assert len(starts) == 1


def test_a_version_wider_than_those_of_the_rows_before_is_whole(sqlite_url: str) -> None:
    journal_with(sqlite_url, [*sequence(600), event(2**63 - 1)])
    text = plain(on_terminal("get", ID, url=sqlite_url, columns=200))
    assert text.splitlines()[-1].startswith("9223372036854775807  a.b#C  ")


@pytest.fixture
def hostile(sqlite_url: str) -> str:
    """A journal whose states and types contain control sequences."""
    return damaged_journal_with(
        sqlite_url,
        [
            hostile
            for n, text in enumerate(HOSTILE)
            for hostile in (
                event(3 * n, f'{{"a":"{text}"}}'),
                event(3 * n + 1, text),
                event(3 * n + 2, event_type=text),
            )
        ],
    )


@pytest.mark.parametrize(
    "command",
    [*[["get", ID, "-F", name] for name in ("table", "json", "ndjson", "csv")], ["export"], ["export", "-F", "csv"]],
)
def test_no_stored_control_reaches_the_terminal_and_each_is_seen(hostile: str, command: list[str]) -> None:
    text = plain(on_terminal(*command, url=hostile, columns=200))
    assert [character for character in text if character != visible(character)] == []
    for character in "".join(HOSTILE):
        assert visible(character) in text or json.dumps(character)[1:-1] in text


def test_a_message_carries_no_control_to_the_terminal(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, [])
    path = tmp_path / "\x1b]52;c;AAAA\x07.ndjson"
    path.write_bytes(b'{"\x1b[2J":1}\n{"originator_id":"\\u001b[2J"}\n')
    text = on_terminal("import", str(path), url=sqlite_url)
    assert "\\u001b]52;c;AAAA\\u0007.ndjson:1:" in text
    # The progress bar comes from Rich, and ends before the messages begin.
    assert "\x1b" not in text[text.index("esjournal: ") :]
    assert "\x1b]52" not in text


def test_markup_in_stored_text_is_only_text(sqlite_url: str) -> None:
    states = [json.dumps({"a": markup}, separators=(",", ":")) for markup in MARKUP]
    events = [event(n, state, event_type=markup) for n, (state, markup) in enumerate(zip(states, MARKUP, strict=True))]
    damaged_journal_with(sqlite_url, [*events, *[event(100 + n, markup) for n, markup in enumerate(MARKUP)]])
    text = on_terminal("get", ID, url=sqlite_url, columns=200)
    assert "\x1b]8" not in text
    rows = [line.split() for line in plain(text).splitlines()]
    types = [row[1] for row in rows if row[0].isdigit() and int(row[0]) < 100]
    assert types == MARKUP
    shown = [f"a={json.dumps(markup)}" for markup in MARKUP]
    assert [" ".join(row[4:]) for row in rows if row[0].isdigit()] == [*shown, *MARKUP]


@given(st.text())
def test_visible_text_has_no_character_that_a_terminal_obeys_but_tab_and_line_feed(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    if text.isprintable():
        assert shown == text


def test_a_pipe_gets_stored_bytes_as_they_are(sqlite_url: str) -> None:
    state = '{"a":"\u202e\x9b"}'
    journal_with(sqlite_url, [event(0, state)])
    for command in (["export"], ["get", ID, "-F", "ndjson"]):
        ended = subprocess.run([*loaded_command(), "--url", sqlite_url, *command], capture_output=True, check=True)
        assert state.encode() in ended.stdout


def test_a_table_is_whole_on_a_terminal_without_unicode(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, '{"a":"\u6f22\u00e9"}')])
    text = plain(on_terminal("get", ID, url=sqlite_url, PYTHONIOENCODING="ascii"))
    assert "Traceback" not in text
    assert "  C  " in text
    assert 'a="\\u6f22\\u00e9"' in text


@pytest.mark.parametrize(
    "command",
    [["get", ID], ["log"], ["log", "--full"], ["list"], ["history", ID], ["trace", "1"], ["stats"], ["verify", "-q"]],
)
def test_every_table_is_whole_on_a_terminal_without_unicode(sqlite_url: str, command: list[str]) -> None:
    kind = "a#\u6f22"
    # The second state is not a JSON object, which verify reports.
    journal_with(sqlite_url, [event(0, '{"a":"\u6f22"}', event_type=kind), event(1, "\u6f22", event_type=kind)])
    text = plain(on_terminal(*command, url=sqlite_url, columns=200, PYTHONIOENCODING="ascii", PAGER="cat"))
    assert "Traceback" not in text
    assert "\\u6f22" in text


def test_an_import_shows_its_progress_on_a_terminal_and_ends_with_the_summary(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, [])
    path = file_with(tmp_path / "e.ndjson", generated(12_000))
    text = plain(on_terminal("import", str(path), url=sqlite_url))
    assert re.search(r"[\d,]+ events, .*MB", text)
    assert "esjournal: 12,000 read, 12,000 appended, 0 already there" in text.splitlines()[-1]
