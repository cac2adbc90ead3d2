"""Rejects: lines that import put aside, in a form that can be fixed and imported again."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.domain.state import jsontext
from esjournal.exceptions import Conflict, InvalidData, InvalidLine
from esjournal.interchange import ndjson
from esjournal.interchange.outputfiles import sink


@dataclass(frozen=True)
class ConflictingEvent:
    """An event whose place, or event id, is taken by a different one.

    `source` and `line` say where it comes from, and `stored` is the other event, if it is known.
    """

    source: str
    line: int
    event: RecordedEvent
    error: Conflict
    stored: RecordedEvent | None = None

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.error}"


Problem = InvalidLine | ConflictingEvent


def reject_line(problem: Problem) -> str:
    """Return the line of a reject, with its end: the event as it was, and `reject`, which import ignores.

    A line that is not a JSON object, or that other JSON readers could not parse, is kept as a string inside `reject`. A
    reject that was not fixed stays as it is, because nothing else has its text.
    """
    reason = problem.reason if isinstance(problem, InvalidLine) else str(problem.error)
    reject = {"source": problem.source, "line": problem.line, "reason": reason}
    if problem.event is not None:
        raw = _fields_of_event(problem.event)
    else:
        text = getattr(problem, "text", None) or ""
        try:
            raw = ndjson.raw_fields(rules.json_object(text))
        except (jsontext.Malformed, InvalidData):
            raw = {}
            reject["text"] = text
        if list(raw) == [ndjson.REJECT]:
            return f"{text}\n"
    members = [f"{json.dumps(name)}:{value}" for name, value in raw.items() if name != ndjson.REJECT]
    members.append(f'"{ndjson.REJECT}":{json.dumps(reject, ensure_ascii=False, separators=(",", ":"))}')
    return f"{{{','.join(members)}}}\n"


class Rejects:
    """Writes rejects to a file; `lines` has the lines of the rejected events, in the order in which they came.

    Args:
        stream: takes the bytes of the file.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.lines = array("q")

    def take(self, problem: Problem) -> None:
        """Write the line of a reject."""
        # The name of a file need not be UTF-8; other bytes become escapes in JSON.
        self._stream.write(reject_line(problem).encode(errors="backslashreplace"))
        if problem.event is not None:
            self.lines.append(problem.line)


@contextmanager
def putting_aside(path: str | None) -> Iterator[Rejects | None]:
    """Open a file for rejects, or give None if no file is named; without an error it gets its name at the end.

    Raises:
        UnusableFile: the file cannot be made.
    """
    if path is None:
        yield None
        return
    with sink(path) as stream:
        yield Rejects(stream)


def _fields_of_event(event: RecordedEvent) -> dict[str, str]:
    return ndjson.raw_fields(ndjson.line_of(event, omitted=frozenset({"global_position"})))
