"""Rejects: what import put aside, as lines that can be mended and imported again."""

from __future__ import annotations

import json
from dataclasses import dataclass

from esjournal.exceptions import ConcurrencyError, InvalidLine
from esjournal.infrastructure.sequenceditem import RecordedEvent
from esjournal.interchange import ndjson


@dataclass(frozen=True)
class Conflict:
    """An event whose place is taken by a different one; `source` and `line` are where it stands."""

    source: str
    line: int
    event: RecordedEvent
    error: ConcurrencyError

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.error}"


Problem = InvalidLine | Conflict


def reject_line(problem: Problem) -> str:
    """Return the line of what was put aside, with its end: the event as it was, and `reject`, which import ignores.

    A line that is no JSON object is kept as a string inside `reject`.
    """
    reason = problem.reason if isinstance(problem, InvalidLine) else str(problem.error)
    reject = {"source": problem.source, "line": problem.line, "reason": reason}
    if problem.event is not None:
        fields = _fields_of_event(problem.event)
    else:
        text = getattr(problem, "text", None) or ""
        try:
            fields = ndjson.raw_fields(text)
        except (json.JSONDecodeError, RecursionError):
            fields = {}
            reject["text"] = text
    members = [f"{json.dumps(name)}:{raw}" for name, raw in fields.items() if name != ndjson.REJECT]
    members.append(f'"{ndjson.REJECT}":{json.dumps(reject, ensure_ascii=False, separators=(",", ":"))}')
    return f"{{{','.join(members)}}}\n"


def _fields_of_event(event: RecordedEvent) -> dict[str, str]:
    fields = ndjson.raw_fields(ndjson.line_of(event))
    del fields["global_position"]
    if event.recorded_at is None:
        del fields["recorded_at"]
    return fields
