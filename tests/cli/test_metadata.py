"""Metadata in what people read: shown if there is some, and harmless."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from esjournal.cli.terminal import visible
from tests.helpers.events import ID, event
from tests.helpers.program import invoke
from tests.helpers.stores import damaged_journal_with, file_with
from tests.helpers.terminal import HOSTILE, MARKUP, STYLE, on_terminal, plain

METADATA = '{"user":"ann","correlation_id":"c","causation_id":"x/0","role":"a b","n":1.10,"on":{"of":"eve"},"a.b":null}'
WORDS = 'user=ann  role="a b"  n=1.10  on={"of":"eve"}  "a.b"=null'
EVENTS = [event(0, '{"a":1}'), event(1, '{"a":2}')._replace(metadata=METADATA), event(2, '{"b":1}')]
TIME = "2026-01-31T12:00:00.000000Z"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return str(file_with(tmp_path / "events.ndjson", EVENTS))


def test_get_shows_it_after_the_state(url: str) -> None:
    assert invoke("get", ID, url=url).stdout == (
        "version  type   recorded at                  state\n"
        f'      0  a.b#C  {TIME}  {{"a":1}}\n'
        f'      1  a.b#C  {TIME}  {{"a":2}}\n'
        f"         meta {METADATA}\n"
        f'      2  a.b#C  {TIME}  {{"b":1}}\n'
    )


def test_log_shows_it_in_full_only(url: str) -> None:
    assert "ann" not in invoke("log", url=url).stdout
    assert invoke("log", "--full", "-n", "2", url=url).stdout == (
        f'event 2  {TIME}\nsequence {ID}  version 1\ntype a.b#C\nmeta {METADATA}\n\n    {{"a":2}}\n\n'
        f'event 3  {TIME}\nsequence {ID}  version 2\ntype a.b#C\n\n    {{"b":1}}\n\n'
    )


def test_history_says_who(url: str) -> None:
    assert invoke("history", ID, "--field", "a", url=url).stdout == (
        f"version 0  a.b#C  {TIME}\n  + a: 1\nversion 1  a.b#C  {TIME}  {WORDS}\n  ~ a: 1 -> 2\n"
    )
    lines = invoke("history", ID, "-F", "ndjson", url=url).stdout.splitlines()
    assert [json.loads(line).get("metadata") for line in lines] == [None, json.loads(METADATA), None]
    assert f',"global_position":2,"metadata":{METADATA},"added":' in lines[1]
    set_last = invoke("history", ID, "--field", "a", "-F", "json", url=url).stdout
    assert set_last.endswith(f',"global_position":2,"metadata":{METADATA}}}\n')


def test_history_leaves_out_what_other_libraries_write_of_causes(tmp_path: Path) -> None:
    kurrent = '{"$causationId":"a","$correlationId":"b","user":"eve"}'
    eventide = '{"causationMessageStreamName":"a","causationMessagePosition":0,"causationMessageGlobalPosition":1}'
    events = [event(n)._replace(metadata=metadata) for n, metadata in enumerate((kurrent, eventide))]
    path = str(file_with(tmp_path / "events.ndjson", events))
    lines = invoke("history", ID, url=path).stdout.splitlines()
    assert lines[0] == f"version 0  a.b#C  {TIME}  user=eve"
    assert lines[2] == f"version 1  a.b#C  {TIME}"


@pytest.mark.parametrize("arguments", [["get", ID], ["log", "--full"], ["history", ID]])
def test_on_a_terminal_it_is_dimmed_and_whole_at_80_columns(url: str, arguments: list[str]) -> None:
    text = on_terminal(*arguments, url=url, PAGER="cat")
    assert STYLE.findall(text[: text.index("ann")])[-1] == "\x1b[2m"
    lines = plain(text).splitlines()
    assert max(map(len, lines)) <= 80
    shown = "".join("".join(lines).split())
    for word in WORDS.split("  "):
        assert f"{'' if arguments[0] == 'history' else 'meta.'}{''.join(word.split())}" in shown


def test_nothing_in_it_drives_the_terminal(sqlite_url: str) -> None:
    texts = [json.dumps({text: text}, ensure_ascii=False) for text in (*HOSTILE, *MARKUP)]
    metadata = [*texts, *(f"{text}\n{text}" for text in (*HOSTILE, *MARKUP))]
    damaged_journal_with(sqlite_url, [event(n)._replace(metadata=each) for n, each in enumerate(metadata)])
    for arguments in (["get", ID], ["log", "--full"], ["history", ID]):
        text = plain(on_terminal(*arguments, url=sqlite_url, columns=200, PAGER="cat"))
        assert [character for character in text if character != visible(character)] == []
        for value in MARKUP:
            assert value in text
