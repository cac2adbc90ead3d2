"""How two events at one place differ, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from esjournal.cli.terminal import on_one_line
from esjournal.domain.state.changes import Changes, changes_of_states
from esjournal.domain.state.values import text_of
from esjournal.journal.compare.comparison import changes_of
from esjournal.journal.compare.result import Content, EventDifference


class KeyDifference(NamedTuple):
    """A key and its values, visible and on one line.

    `a` is None if only B has the key, and `b` if only A has it. If no keys can be compared, `key` is empty, and `a`
    says in words how the events differ.
    """

    key: str
    a: str | None
    b: str | None

    @property
    def sign(self) -> str:
        """`+` if only B has the key, `-` if only A has it, `~` if their values differ; empty for words."""
        if not self.key:
            return ""
        if self.a is None:
            return "+"
        return "-" if self.b is None else "~"


def key_differences(difference: EventDifference) -> Iterator[KeyDifference]:
    """Yield how two events at one place differ: first what only B has, then what differs, then what only A has.

    Args:
        difference: a place at which both journals have an event.
    """
    a, b = difference.a, difference.b
    if a is not None and b is not None and a.event_type != b.event_type:
        # No path looks like this: a name with a space in it is quoted.
        yield _shown("event type", a.event_type, b.event_type)
    changes = changes_of(difference)
    if changes:
        yield from _of_changes(changes)
    elif (at := difference.differs_at()) is not None:
        why = "they are not both JSON objects" if changes is None else "the values are the same"
        yield KeyDifference("", f"the texts of the states differ at character {at}; {why}", None)
    if a is not None and b is not None:
        yield from _beside_the_state(a, b, difference.by_value)


def _beside_the_state(a: Content, b: Content, by_value: bool) -> Iterator[KeyDifference]:
    if a.metadata is None or b.metadata is None:
        if b.metadata is not None or a.metadata is not None:
            yield _shown("metadata", a.metadata, b.metadata)
    elif a.metadata != b.metadata:
        changes = changes_of_states(a.metadata, b.metadata, by_value=by_value)
        if changes:
            yield from _of_changes(changes, "metadata ")
        elif not by_value:
            yield KeyDifference("", "the texts of the metadata differ; the values are the same", None)
    if a.event_id != b.event_id and None not in (a.event_id, b.event_id):
        yield _shown("event id", a.event_id, b.event_id)


def _of_changes(changes: Changes, of: str = "") -> Iterator[KeyDifference]:
    for path, value in changes.added.texts():
        yield _shown(f"{of}{path}", None, text_of(value, spaced=True))
    for path, (old, new) in changes.changed.texts():
        yield _shown(f"{of}{path}", text_of(old, spaced=True), text_of(new, spaced=True))
    for path, value in changes.removed.texts():
        yield _shown(f"{of}{path}", text_of(value, spaced=True), None)


def _shown(key: str, a: str | None, b: str | None) -> KeyDifference:
    return KeyDifference(on_one_line(key), a and on_one_line(a), b and on_one_line(b))
