"""`trace`: its output, in each format and at each width, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from esjournal.cli.terminal import visible
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, TIME, event
from tests.helpers.program import invoke, refused
from tests.helpers.stores import damaged_journal_with, file_with, journal_with
from tests.helpers.terminal import HOSTILE, MARKUP, STYLE, on_terminal, plain

ORDER, STOCK = id_of_name("order-1"), id_of_name("stock-1")


def uuid(number: int) -> str:
    return str(UUID(int=number))


def caused(version: int, cause: int | str | None = None, *, of: str = ORDER, **members: str) -> RecordedEvent:
    """An event whose event id is its version, for which its cause is named."""
    named = {} if cause is None else {"causation_id": uuid(cause) if isinstance(cause, int) else cause}
    metadata = json.dumps({**named, **members}) if named or members else None
    return event(version, of=of, event_type="a.b#C")._replace(event_id=uuid(version), metadata=metadata)


EVENTS = [
    caused(1, user="ann"),
    caused(2, 1, role="a b", correlation_id="c-1"),
    caused(3, 1, of=STOCK),
    caused(4, 2),
    caused(5, 99, correlation_id="c-1"),
    caused(6, 7),
    caused(7, 6),
]


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


def test_the_tree_has_a_line_for_each_event(url: str) -> None:
    expected = (
        f"1  order-1@1  a.b#C  {TIME}  user=ann\n"
        f'├─ 2  order-1@2  a.b#C  {TIME}  role="a b"\n'
        f"│  └─ 4  order-1@4  a.b#C  {TIME}\n"
        f"└─ 3  stock-1@3  a.b#C  {TIME}\n"
    )
    for which in ("1", uuid(4), "stock-1/3", f"{ORDER}/2"):
        ended = invoke("trace", which, url=url)
        assert ended.stdout.startswith(expected)
        assert (ended.exit_code, ended.stderr) == (0, "")


def test_a_missing_cause_and_a_cycle_are_shown(url: str) -> None:
    assert invoke("trace", "5", url=url).stdout.splitlines()[-2:] == [
        f"cause {uuid(99)} is not in this journal",
        f"5  order-1@5  a.b#C  {TIME}",
    ]
    assert invoke("trace", "7", url=url).stdout == (
        f"cause {uuid(7)} is an effect of this event: a cycle\n"
        f"6  order-1@6  a.b#C  {TIME}\n└─ 7  order-1@7  a.b#C  {TIME}\n"
    )


def test_lines_are_those_of_log_with_the_depth_and_the_marks(url: str) -> None:
    lines = invoke("log", "-F", "ndjson", url=url).stdout.splitlines()
    cut = [line.removesuffix("}") for line in lines]
    assert invoke("trace", "c-1", "-F", "ndjson", url=url).stdout.splitlines() == [
        f'{cut[0]},"depth":0}}',
        f'{cut[1]},"depth":1}}',
        f'{cut[3]},"depth":2}}',
        f'{cut[4]},"depth":0,"missing_cause":"{uuid(99)}"}}',
    ]
    assert invoke("trace", "6", "-F", "ndjson", url=url).stdout.splitlines() == [
        f'{cut[5]},"depth":0,"cycle":true}}',
        f'{cut[6]},"depth":1}}',
    ]
    found = json.loads(invoke("trace", "1", "-F", "json", url=url).stdout)
    assert [(each["global_position"], each["depth"]) for each in found[:4]] == [(1, 0), (2, 1), (4, 2), (3, 1)]


def test_a_file_is_traced_as_a_journal_is(url: str, tmp_path: Path) -> None:
    path = str(file_with(tmp_path / "events.ndjson", EVENTS))
    assert invoke("trace", "1", url=path).stdout == invoke("trace", "1", url=url).stdout


@pytest.mark.parametrize("which", ["8", uuid(9), "order-1/9", "c-2", ""])
def test_nothing_found_is_exit_1(url: str, which: str) -> None:
    refused(invoke("trace", which, url=url), 1, f"nothing found: .* has no event or correlation '{which}'")


def test_an_ambiguous_place_is_refused(store_url: str) -> None:
    journal_with(store_url, [event(of=f"aaaa{n:04x}-0000-0000-0000-000000000000") for n in range(2)])
    refused(invoke("trace", "aaaa/0", url=store_url), 2, "several ids")


@pytest.mark.parametrize("columns", [80, 200])
def test_each_line_fits_the_terminal_and_metadata_is_dimmed(sqlite_url: str, columns: int) -> None:
    named = id_of_name("a customer's order with a long name")
    events = [caused(n, n - 1 if n > 1 else None, of=named, user="ann", text="x" * 300) for n in range(1, 100)]
    kind = "accounts.domain.model.events#AccountWasOpenedAgain"
    journal_with(sqlite_url, [each._replace(event_type=kind) for each in events])
    text = on_terminal("trace", "50", url=sqlite_url, columns=columns)
    lines = plain(text).splitlines()
    assert len(lines) == 99
    assert {len(line) for line in lines} == {columns}
    # Below 8 levels the depth is a number, and the text begins where it did.
    assert lines[8].startswith(f"{' ' * 21}└─ 9  a customer's order with")
    assert lines[98].startswith(f"{' ' * 21}└─ [98] 99  a customer's order with")
    if columns > 80:
        assert STYLE.findall(text[: text.index("user=ann")])[-1] == "\x1b[2m"


def test_lines_are_drawn_to_effects_only(sqlite_url: str) -> None:
    causes = [None, 1, 2, 2, 1, 5, 6, 5]
    journal_with(sqlite_url, [caused(n, cause) for n, cause in enumerate(causes, 1)])
    drawn = [line.partition("  order")[0] for line in invoke("trace", "1", url=sqlite_url).stdout.splitlines()]
    assert drawn == ["1", "├─ 2", "│  ├─ 3", "│  └─ 4", "└─ 5", "   ├─ 6", "   │  └─ 7", "   └─ 8"]
    text = plain(on_terminal("trace", "1", url=sqlite_url, PYTHONIOENCODING="ascii"))
    assert [line.partition("  order")[0] for line in text.splitlines()][5:] == ["   +- 6", "   |  `- 7", "   `- 8"]


def test_nothing_stored_drives_the_terminal(sqlite_url: str) -> None:
    events = [
        caused(n, text, of=ID, **{text: text, "note": text})._replace(event_type=f"a#{text}")
        for n, text in enumerate((*HOSTILE, *MARKUP))
    ]
    damaged_journal_with(sqlite_url, events)
    for position, text in enumerate((*HOSTILE, *MARKUP), 1):
        shown = plain(on_terminal("trace", str(position), url=sqlite_url, columns=200))
        assert [character for character in shown if character != visible(character)] == []
        assert f"cause {visible(text)} is not in this journal\n" in shown
