"""`esjournal append`: what it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial

import typer

from esjournal.advice import command
from esjournal.cli.exits import CONFLICT, fail, fail_to_print
from esjournal.cli.options import checked, checked_id
from esjournal.domain.causes import metadata_of_effect
from esjournal.domain.metadata import metadata_of, metadata_part
from esjournal.domain.model import rules
from esjournal.domain.model.eventids import checked_key, event_id_of_key
from esjournal.domain.model.recordedevent import EVENT_ID, RecordedEvent
from esjournal.domain.model.sequencenames import shown_id
from esjournal.domain.state import values
from esjournal.domain.text import counted, shortened
from esjournal.exceptions import ConcurrencyError, Conflict, EventIdTaken, InvalidData, UnusableFile, advising
from esjournal.filepaths import expanded
from esjournal.interchange.formats import STANDARD_STREAM
from esjournal.interchange.openstreams import open_to_read, reason_of
from esjournal.journal.abbreviation import new_sequence, sequence_to_append_to
from esjournal.journal.eventreference import find_event
from esjournal.journal.journal import Journal, open_journal
from esjournal.journal.transfer.appending import append_if_absent, append_once

_NEW = "new"
META_VARIABLE = "ESJOURNAL_META"

# Events that are appended together are held in memory, which an endless input must not fill.
MOST_BYTES = 64 * 1024 * 1024


def run(
    url: str,
    *,
    originator_id: str,
    version: str | None,
    event_type: str | None,
    state: str | None,
    recorded_at: str | None,
    meta: Sequence[str],
    cause: str | None,
    once: str | None,
    if_absent: bool,
) -> None:
    """Run the command; its options are described in `esjournal.cli.commands.append`."""
    if version is None or event_type is None or state is None:
        raise typer.BadParameter("an event needs ID VERSION TYPE STATE.")
    if if_absent and (originator_id == _NEW or version == "next"):
        raise typer.BadParameter("--if-absent looks for the event at its place: give the id and the version.")
    if once is not None and (originator_id == _NEW or if_absent):
        reason = "--if-absent" if if_absent else "`new`: each time it is another sequence"
        raise typer.BadParameter(f"--once cannot be used with {reason}.")
    key = None if once is None else checked(checked_key, once)
    of_script = _metadata_of_script()
    metadata = [checked(metadata_part, text) for text in meta]

    event = RecordedEvent(
        _NEW if originator_id == _NEW else checked_id(originator_id, url),
        None if version == "next" else checked(rules.originator_version, version),
        rules.event_type(event_type),
        rules.json_object(_state_text(state)),
        None if recorded_at is None else checked(rules.recorded_at, recorded_at),
    )
    with open_journal(url) as journal:
        if recorded_at is not None and journal.layout is not None:
            raise typer.BadParameter(f"{journal.shown_url} cannot store a recording time: leave out --recorded-at.")
        find = new_sequence if originator_id == _NEW else sequence_to_append_to
        event = event._replace(originator_id=checked(partial(find, journal), event.originator_id))
        of_cause = [] if cause is None else [_metadata_of_effect(journal, cause)]
        event = event._replace(metadata=metadata_of([*of_script, *of_cause, *metadata]))
        [position] = append_events(journal, [event], if_absent) if key is None else [_append_once(journal, event, key)]
    print_stored(event.originator_id if originator_id == _NEW else position)


def append_events(journal: Journal, events: Sequence[RecordedEvent], if_absent: bool) -> Sequence[int]:
    """Append events, and return their global positions; with `if_absent`, those already there count as appended."""
    try:
        with finding_out(journal, *events[:1]):
            return append_if_absent(journal, events) if if_absent else journal.events.append(events)
    except Conflict as conflict:
        if conflict.identical:
            fail(f"{ConcurrencyError.of(conflict)}, or add --if-absent", CONFLICT)
        raise


def _metadata_of_script() -> list[str]:
    text = os.environ.get(META_VARIABLE)
    try:
        return [metadata_part(text)] if text else []
    except InvalidData as error:
        raise typer.BadParameter(f"${META_VARIABLE}: {error}.") from None


def _metadata_of_effect(journal: Journal, cause: str) -> str:
    event = find_event(journal, cause)
    if event is None:
        raise typer.BadParameter(
            f"--cause {shortened(cause)}: no event of {journal.shown_url} has that global position, event id or place."
        )
    return values.text_of(metadata_of_effect(event))


def _append_once(journal: Journal, event: RecordedEvent, key: str) -> int:
    """Append an event whose id is derived from a key, unless it is there, and return its global position."""
    if EVENT_ID not in journal.events.table.columns:
        raise typer.BadParameter(f"{journal.shown_url} cannot store event ids: leave out --once.")
    try:
        with advising("run the same command again: it appends the event only once"):
            return append_once(journal, event._replace(event_id=event_id_of_key(event.originator_id, key)))
    except EventIdTaken as taken:
        sequence = shown_id(event.originator_id)
        fail(
            f"--once {shortened(key)}: sequence {sequence} has another event with this key, at version "
            f"{taken.position}: give every event a key of its own",
            CONFLICT,
        )


@contextmanager
def finding_out(journal: Journal, *events: RecordedEvent) -> Iterator[None]:
    """If the outcome is unknown, name the command that shows whether the first event was stored: all were, or none."""
    if not events:
        yield
        return
    [event] = events
    version = event.originator_version
    # Others may have appended after it.
    which = ["--reverse", "--limit", "5"] if version is None else ["--gte", str(version), "--limit", "1"]
    finding = command("get", shown_id(event.originator_id), *which, url=journal.shown_url)
    with advising(f"find out with {finding} before you append it again"):
        yield


def print_stored(*answers: str | int) -> None:
    """Print what was appended, a line each."""
    try:
        for answer in answers:
            typer.echo(answer)
    except BrokenPipeError:
        raise
    except OSError as error:
        # The exit code reports a failure, but the append succeeded.
        stored = f"{answers[0]} to {answers[-1]}" if len(answers) > 1 else f"{answers[0]}"
        fail_to_print(f"stored as {stored}, but that cannot be written to standard output: {reason_of(error)}")


def _state_text(argument: str) -> str:
    if argument != STANDARD_STREAM and not argument.startswith("@"):
        return argument
    name = "standard input" if argument == STANDARD_STREAM else expanded(argument[1:])
    try:
        with nullcontext(sys.stdin.buffer) if argument == STANDARD_STREAM else open_to_read(name) as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{name} cannot be read: {reason}") from None
    if len(data) > MOST_BYTES:
        raise InvalidData(f"{name} has more than {counted(MOST_BYTES, 'byte')}, the most that append takes as a state")
    return _decoded(data)


def _decoded(data: bytes) -> str:
    try:
        # The line end at the end of a file, or of what echo writes, is not part of the state.
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InvalidData(
            f"the state has byte 0x{data[error.start]:02x} at byte {error.start + 1}: not UTF-8"
        ) from None
