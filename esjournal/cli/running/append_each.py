"""`esjournal append --each -`: what it does."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from esjournal.cli.exits import BAD_DATA, CONFLICT, conflict_message, fail
from esjournal.cli.running.append import MOST_BYTES, finding_out
from esjournal.cli.running.append_lines import check_arguments
from esjournal.cli.running.transfer import no_reader_is_a_failure
from esjournal.cli.terminal import on_one_line
from esjournal.domain.text import counted, number
from esjournal.exceptions import Conflict, InvalidData
from esjournal.interchange import ndjson
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.transfer.appending import append_if_absent

_INVALID, _CONFLICT = "invalid", "conflict"


def run(url: str, *, has_more_arguments: bool, if_absent: bool) -> None:
    """Append the event of each line of standard input in a transaction of its own, and answer each line with a line."""
    check_arguments(url, has_more_arguments=has_more_arguments)
    answered = 0
    refused: set[str] = set()
    not_appended = 0
    # A program waits for each answer, so one that cannot be given is an error.
    with no_reader_is_a_failure(), open_journal(url) as journal:
        for line in _lines():
            answer = _answer(journal, line, if_absent)
            kind = answer.partition(":")[0]
            if kind in (_INVALID, _CONFLICT):
                refused.add(kind)
                not_appended += 1
            answered += 1
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
    if refused:
        fail(
            f"lines not appended: {number(not_appended)} of {number(answered)}; the answers say why",
            BAD_DATA if _INVALID in refused else CONFLICT,
        )


def _answer(journal: Journal, line: bytes | None, if_absent: bool) -> str:
    """Append the event of a line, None for one that is too long, and return the answer."""
    try:
        if line is None:
            raise InvalidData(f"the line has more than {counted(MOST_BYTES, 'byte')}, the most that append takes")
        event = ndjson.read_line(line)
        with finding_out(journal, event):
            [position] = append_if_absent(journal, [event]) if if_absent else journal.events.append([event])
    except Conflict as conflict:
        return on_one_line(f"{_CONFLICT}: {conflict_message(conflict)}")
    except InvalidData as error:
        return on_one_line(f"{_INVALID}: {error}")
    return str(position)


def _lines() -> Iterator[bytes | None]:
    """Yield the lines of standard input as they come, without their ends; None for one that is too long."""
    stdin = sys.stdin.buffer
    while line := stdin.readline(MOST_BYTES + 1):
        if len(line) <= MOST_BYTES or line.endswith(b"\n"):
            yield line.removesuffix(b"\n").removesuffix(b"\r")
            continue
        while line and not line.endswith(b"\n"):
            line = stdin.readline(MOST_BYTES)
        yield None
