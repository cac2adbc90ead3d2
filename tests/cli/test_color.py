"""Colours: where they are, who decides, and that they change nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast

import pytest

from esjournal.cli.terminal import Styles, choose_colours, styles_on, visible
from esjournal.domain.choices import ColorChoice
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.program import environment, invoke, refused, run
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import HOSTILE, STYLE, on_terminal, plain

NONE, ALL, WITHOUT_COLOURS = Styles(False, False), Styles(True, True), Styles(True, False)
# A colour of 256 or of millions; and a bright one, which is hardly seen on white.
BEYOND_16 = re.compile(r"\x1b\[(?:[0-9;]*;)?[34]8[;m]")
BRIGHT = re.compile(r"\x1b\[(?:[0-9;]*;)?9[0-7][;m]")
COMMANDS = [
    *(["log"], ["log", "--full"], ["get", ID], ["history", ID], ["history", ID, "--from-version", "0"]),
    *(["trace", "1"], ["list"], ["stats"], ["verify", "-q"]),
    *(["query", "select id, version from events"], ["diff", "-q"], ["diff", "-q", "--full"]),
]


class Stream:
    """A stream that may be a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture(autouse=True)
def no_choice() -> Iterator[None]:
    yield
    choose_colours(ColorChoice.AUTO)


@pytest.mark.parametrize(
    ("choice", "variables", "of_terminal", "of_pipe"),
    [
        ("auto", {}, ALL, NONE),
        ("auto", {"TERM": "dumb"}, NONE, NONE),
        ("auto", {"NO_COLOR": "1"}, WITHOUT_COLOURS, NONE),
        ("auto", {"NO_COLOR": "0"}, WITHOUT_COLOURS, NONE),
        ("auto", {"NO_COLOR": ""}, ALL, NONE),
        ("auto", {"NO_COLOR": "1", "TERM": "dumb"}, NONE, NONE),
        ("auto", {"FORCE_COLOR": "1"}, ALL, ALL),
        ("auto", {"FORCE_COLOR": "0"}, ALL, ALL),
        ("auto", {"FORCE_COLOR": ""}, ALL, NONE),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, ALL, ALL),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, WITHOUT_COLOURS, NONE),
        ("always", {"NO_COLOR": "1"}, ALL, ALL),
        ("always", {"TERM": "dumb"}, ALL, ALL),
        ("never", {"FORCE_COLOR": "1"}, NONE, NONE),
        ("never", {}, NONE, NONE),
    ],
)
def test_the_option_decides_then_no_color_then_force_color_then_the_terminal(
    monkeypatch: pytest.MonkeyPatch, choice: str, variables: dict[str, str], of_terminal: Styles, of_pipe: Styles
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    choose_colours(ColorChoice(choice))
    assert styles_on(cast(TextIO, Stream(True))) == of_terminal
    assert styles_on(cast(TextIO, Stream(False))) == of_pipe


@pytest.fixture
def journal(sqlite_url: str) -> str:
    """A journal with metadata, a cause that is missing, a gap, and a state that is not JSON, which verify reports."""
    first = event(0, '{"owner":"Ann","tags":["a"],"old":1}')._replace(metadata='{"user":"ann","causation_id":"b7a1"}')
    events = [
        first,
        event(2, '{"owner":"Eve","old":null,"open":true,"new":false}', event_type="a.b#Renamed"),
        event(3, "none"),
    ]
    return damaged_journal_with(sqlite_url, events)


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A file of events that differ from those of the journal."""
    return str(file_with(tmp_path / "e.ndjson", [event(0, '{"owner":"Bob"}'), event(1), event(0, of=OTHER_ID)]))


def arguments_of(command: list[str], journal: str, other: str) -> list[str]:
    return [*command, journal, other] if command[0] == "diff" else [*command, "--url", journal]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_gets_colours_if_asked_and_nothing_else_changes(journal: str, other: str, command: list[str]) -> None:
    arguments = arguments_of(command, journal, other)
    without = run(*arguments)
    for ended in (run(*arguments, "--color", "always"), run(*arguments, env=environment(FORCE_COLOR="1"))):
        assert STYLE.search(ended.stdout)
        assert plain(ended.stdout) == without.stdout
        assert (ended.returncode, ended.stderr) == (without.returncode, without.stderr)
    assert "\x1b" not in without.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_gets_no_codes_at_all_if_colours_are_never_wanted(
    journal: str, other: str, command: list[str]
) -> None:
    arguments = arguments_of(command, journal, other)
    text = on_terminal(*arguments, "--color", "never", FORCE_COLOR="1")
    assert "\x1b" not in text
    assert text == plain(on_terminal(*arguments))


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_screen_has_more_than_16_colours_or_bright_ones(
    journal: str, other: str, command: list[str], columns: int
) -> None:
    text = on_terminal(*arguments_of(command, journal, other), columns=columns, COLORTERM="truecolor")
    assert STYLE.search(text)
    assert not BEYOND_16.search(text)
    assert not BRIGHT.search(text)


def test_a_progress_bar_has_the_same_colours_as_the_screens(journal: str, other: str) -> None:
    text = on_terminal("import", other, url=journal, COLORTERM="truecolor")
    assert STYLE.search(text)
    assert not BEYOND_16.search(text)
    assert not STYLE.search(on_terminal("verify", "--color", "never", url=journal))


@pytest.mark.parametrize(
    "arguments",
    [
        *(["log", "-F", "json"], ["log", "-F", "ndjson"], ["log", "-F", "csv"], ["log", "--template", "{state}"]),
        *(
            ["get", ID, "-F", "json"],
            ["history", ID, "-F", "ndjson"],
            ["list", "-F", "csv"],
            ["trace", "1", "-F", "json"],
        ),
        *(["stats", "-F", "json"], ["verify", "-q", "-F", "json"], ["query", "from events", "-F", "csv"]),
    ],
)
def test_data_has_no_colours(journal: str, arguments: list[str]) -> None:
    assert "\x1b" not in run(*arguments, "--color", "always", url=journal).stdout
    assert "\x1b" not in on_terminal(*arguments, "--color", "always", url=journal)


@pytest.mark.parametrize(
    "command", [["log"], ["log", "--full"], ["get", ID], ["history", ID], ["trace", "1"], ["list"], ["stats"]]
)
def test_a_pipe_with_colours_has_no_other_control_sequences(sqlite_url: str, command: list[str]) -> None:
    damaged_journal_with(sqlite_url, [event(n, f'{{"a":"{text}"}}', event_type=text) for n, text in enumerate(HOSTILE)])
    text = plain(run(*command, "--color", "always", url=sqlite_url).stdout)
    assert [character for character in text if character != visible(character)] == []


def test_a_replay_in_a_pipe_gets_colours_if_asked(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("def folded(state, event): return {**state, **event.state}\n")
    journal_with(sqlite_url, [event(0, '{"a":1}'), event(1, '{"a":2}'), event(0, of=OTHER_ID)])
    for arguments in ([ID], [], ["--expect", "'a' not in state"]):
        found = ["replay", *arguments, "-q", "--with", "code:folded", "--url", sqlite_url]
        without, coloured = (run(*found, *always, cwd=tmp_path).stdout for always in ([], ["--color", "always"]))
        assert STYLE.search(coloured)
        assert plain(coloured) == without


def test_another_word_is_refused() -> None:
    refused(invoke("log", "--color", "sometimes"), 2, "'sometimes' is not one of 'auto', 'always', 'never'")
