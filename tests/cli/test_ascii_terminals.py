"""Terminals without Unicode: everything has its place, and what they lack is an escape that is as wide as it looks."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from esjournal.cli.terminal import visible
from tests.helpers.events import ID, OTHER_ID, event
from tests.helpers.program import environment, run
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import on_terminal, plain

# Two columns, one, an accent without one of its own, and two beyond the first plane; all take more as escapes.
TEXT = "\u6f22\u5b57 \u017e e\u0301 \U0001f600"
ESCAPED = "\\u6f22\\u5b57 \\u017e e\\u0301 \\ud83d\\ude00"
pytestmark = pytest.mark.long

DRAWN = "…│─├└"
LATIN_1 = {"PYTHONIOENCODING": "latin-1", "TERM": "linux"}
TERMINALS = [{"PYTHONIOENCODING": "ascii"}, LATIN_1, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}]
COMMANDS = [
    *(["log"], ["log", "--json"], ["log", "--full"], ["get", ID], ["get", "-x", ID], ["history", ID], ["trace", "1"]),
    *(["list"], ["stats"], ["verify", "-q"], ["query", "select id, state from events"], ["diff", "-q"]),
]


@pytest.fixture
def journal(sqlite_url: str) -> str:
    """A journal with names, types, keys, values and users that are not ASCII, a tree of causes, and a finding."""
    kinds = ["a.b#C", f"a.b#{TEXT}"]
    caused = f'{{"user":"{TEXT}","causation_id":"{ID}/0"}}'
    events = [
        event(0, f'{{"{TEXT}":"{TEXT}"}}'),
        *(
            event(n, f'{{"{TEXT}":"{TEXT * n}","long":"{"x" * 200}"}}', event_type=kinds[n % 2])._replace(
                metadata=caused
            )
            for n in range(1, 5)
        ),
        event(5, f"not JSON {TEXT}"),
    ]
    return damaged_journal_with(sqlite_url, events)


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    events = [event(0, f'{{"{TEXT}":"other"}}'), event(0, of=OTHER_ID, event_type=TEXT)]
    return str(file_with(tmp_path_factory.mktemp("other") / "e.ndjson", events))


def arguments_of(command: list[str], journal: str, other: str) -> list[str]:
    return [*command, journal, other] if command[0] == "diff" else [*command, "--url", journal]


@pytest.mark.parametrize(("variables", "columns"), [(LATIN_1, 120), ({"LC_ALL": "C"}, 80)])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_screen_has_only_what_the_terminal_has_and_no_line_is_too_long(
    journal: str, other: str, command: list[str], columns: int, variables: dict[str, str]
) -> None:
    text = plain(on_terminal(*arguments_of(command, journal, other), columns=columns, encoding="latin-1", **variables))
    assert text.isascii()
    assert "Traceback" not in text
    assert not [character for character in DRAWN if f"\\u{ord(character):04x}" in text]
    assert max(len(line.rstrip()) for line in text.splitlines()) <= columns


@pytest.mark.parametrize("variables", TERMINALS)
def test_columns_are_as_wide_as_the_escapes_in_them(sqlite_url: str, variables: dict[str, str]) -> None:
    kinds = ["a#B", f"a#{TEXT[:2]}"]
    journal_with(sqlite_url, [event(n, f'{{"n":{n}}}', event_type=kinds[n % 2]) for n in range(4)])
    for command in (["log"], ["get", ID]):
        lines = plain(on_terminal(*command, url=sqlite_url, columns=120, **variables)).splitlines()
        assert len({line.index("n=") for line in lines[1:]}) == 1
        assert sum("\\u6f22\\u5b57" in line for line in lines) == 2


@pytest.mark.parametrize("variables", TERMINALS)
def test_what_is_cut_ends_with_a_tilde_at_the_edge_of_the_screen(journal: str, variables: dict[str, str]) -> None:
    text = plain(on_terminal("log", url=journal, **variables))
    cut = [line for line in text.splitlines() if line.endswith("~")]
    assert cut
    assert {len(line) for line in cut} == {80}
    assert "~ +" in plain(on_terminal("get", "-x", ID, url=journal, **variables))


def test_a_terminal_of_latin_1_gets_its_letters_and_escapes_for_others(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, '{"a":"\u00e9\u6f22"}')])
    for command in (["log"], ["get", ID], ["get", "-F", "ndjson", ID], ["history", ID]):
        assert "\u00e9\\u6f22" in on_terminal(*command, url=sqlite_url, encoding="latin-1", **LATIN_1)


@pytest.mark.parametrize("variables", TERMINALS)
def test_escapes_in_data_are_those_of_json(sqlite_url: str, variables: dict[str, str]) -> None:
    journal_with(sqlite_url, [event(0, f'{{"a":"{TEXT}"}}')])
    assert f'"a":"{ESCAPED}"' in on_terminal("get", "-F", "ndjson", ID, url=sqlite_url, **variables)


def test_a_pager_gets_what_the_terminal_has(journal: str) -> None:
    text = on_terminal("log", url=journal, LC_ALL="C", PAGER="sed s/x/x/")
    assert text.isascii()
    assert text == on_terminal("log", url=journal, LC_ALL="C")


@pytest.mark.parametrize(
    "variables",
    [{"LC_ALL": "C", "PYTHONUTF8": "1"}, {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "xx_XX.UTF-8"}],
)
def test_a_terminal_that_takes_utf_8_gets_it(journal: str, variables: dict[str, str]) -> None:
    text = plain(on_terminal("log", url=journal, **variables))
    assert "\u6f22" in text
    assert max(map(cell_len, text.splitlines())) == 80


@pytest.mark.parametrize("command", [*COMMANDS, ["log", "-F", "ndjson"], ["list", "-F", "csv"], ["export"]])
def test_a_pipe_gets_utf_8_in_every_locale(journal: str, other: str, command: list[str]) -> None:
    arguments = arguments_of(command, journal, other)
    expected = run(*arguments).stdout
    assert expected == run(*arguments, env=environment(LC_ALL="C")).stdout
    if command != ["stats"]:
        assert expected == run(*arguments, env=environment(PYTHONIOENCODING="latin-1")).stdout


def test_text_in_a_pipe_keeps_what_is_not_a_control() -> None:
    assert visible(TEXT) == TEXT
