"""The options of an import, a copy and an export, and how these report their progress."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from esjournal.journal.read.criteria import Criteria

# Called again and again with the number of events so far.
Progress = Callable[[int], None]


class TypeRules(NamedTuple):
    """Which events are taken, by their types in the source, and which types get a new name.

    `new_types` has the new names. `only_types` and `skipped_types` may be patterns such as `orders#*`.
    """

    new_types: Mapping[str, str] = {}
    only_types: Collection[str] = ()
    skipped_types: Collection[str] = ()


@dataclass(frozen=True)
class TransferOptions:
    """How events are written to a target.

    Args:
        dry_run: check everything, and write nothing.
        commit_every: commit after this many events; by default there is one transaction for all of them.
        require_contiguous: refuse an event that skips versions of its sequence.
        lock_readers: into an empty journal on PostgreSQL, build the indexes last, while nobody can read it; in one
            transaction, and without `require_contiguous`.
        rejects: a file for bad and conflicting events, so that the rest is written.
        max_rejects: give up if there are more rejects than this.
        types: which events are taken, by their types.
    """

    dry_run: bool = False
    commit_every: int | None = None
    require_contiguous: bool = False
    lock_readers: bool = False
    rejects: str | None = None
    max_rejects: int | None = None
    types: TypeRules = field(default_factory=TypeRules)


@dataclass(frozen=True)
class CopyOptions(TransferOptions):
    """How a journal or a file of events is copied.

    Args:
        criteria: only events that meet them.
        after: the global position to start after.
        cursor_file: the file of a cursor to start after, which is advanced at the end.
        limit: how many events at most.
        proven: read everything again at the end, and compare both sides.
    """

    criteria: Criteria | None = None
    after: int | None = None
    cursor_file: str | None = None
    limit: int | None = None
    proven: bool = True


@contextmanager
def without_progress(*_: Any) -> Iterator[Progress]:
    """Yield a function that ignores the numbers."""
    yield lambda events: None
