"""Every error that esjournal raises.

EsjournalError
 +-- InvalidURL                  the address of a journal cannot be used
 +-- InvalidData                 not an event, or not one that can be stored
 |    +-- InvalidLine            ... on a line of a file
 |    +-- MappingError           an event and an item cannot be mapped to each other
 |         +-- TopicNotFound     ... because no class is registered under the topic
 +-- InvalidQuery                a query is not SQL that can be answered
 +-- UnusableFile                a file or folder cannot be read or written
 +-- InvalidCursor               a cursor cannot be used with this journal
 +-- SequenceNotFound            no sequence has an id with this beginning or end
 +-- AmbiguousId                 several sequences have
 +-- Conflict                    another event has the place or the event id
 |    +-- SequencedItemConflict  ... the place, as a strategy raises it
 |    +-- ConcurrencyError       ... the place, as an event store raises it
 |    +-- EventIdTaken           ... the event id
 +-- StoreError                  the store cannot be opened, read or written
      +-- StoreNotFound          there is no file or database
      +-- NotAJournal            it is something else
      |    +-- NotADatabase      ... a file that SQLite does not accept as a database
      +-- NotInitialised         there is a database without a journal
      |    +-- NotMarked         ... with a journal's tables, but not marked as a journal
      +-- StoreDamaged           what is stored cannot be read
      |    +-- TimeOutOfRange    ... because it has a time outside of the years 1 to 9999
      +-- SchemaTooNew           a later esjournal made it
      +-- SchemaTooOld           an earlier esjournal made it, so it is only read
      +-- StoreLocked            another program kept it locked until the timeout
      +-- StatementCancelled     the server cancelled a statement
      +-- StoreChanged           another program wrote to it while it was read without a lock
      +-- StoreBehind            a standby or a subscriber has not come as far as a cursor yet
      +-- UnfinishedWrite        a write was cut off, and only a program that may write can undo it
      +-- StoreReplaced          its files were replaced while it was open
      +-- StoreFull              the disk is full, or the database has reached its own limit
      +-- StoreUnreachable       the server does not answer, or refuses the connection
      +-- OutcomeUnknown         the connection was lost, or the disk failed, during COMMIT
      +-- OutOfOrder             events may become visible out of the order of their global positions

Messages say what happened, where, with which value, and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self


class EsjournalError(Exception):
    """The root of every error that esjournal raises."""


class InvalidURL(EsjournalError):
    """The address of a journal cannot be used; no part of a password is in the message."""


class InvalidData(EsjournalError):
    """Not an event, or not one that can be stored."""


class InvalidLine(InvalidData):
    """A line of a file is not an event, or not one that can be stored.

    `source` is the file's name, `line` counts from 1, and `reason` says what is wrong. `text` is the line, and `event`
    is its event, if they are known.
    """

    def __init__(self, source: str, line: int, reason: str, text: str | None = None, event: Any = None) -> None:
        super().__init__(source, line, reason)
        self.source = source
        self.line = line
        self.reason = reason
        self.text = text
        self.event = event

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.reason}"


class MappingError(InvalidData):
    """An event and a sequenced item cannot be mapped to each other."""


class TopicNotFound(MappingError):
    """No class is registered under a topic; no module is imported to find one."""


class InvalidQuery(EsjournalError):
    """A query is not SQL, is more than one SELECT, or asks for something that is not there."""


class UnusableFile(EsjournalError):
    """A file or folder cannot be read or written."""


class InvalidCursor(EsjournalError):
    """A file has no cursor, or the cursor of another journal, or of this journal before it was changed."""


class SequenceNotFound(EsjournalError):
    """No sequence of a journal has an id with this beginning or end."""


class AmbiguousId(EsjournalError):
    """Several sequences have an id with this beginning or end; the message lists them."""


class Conflict(EsjournalError):
    """A place in a sequence is taken, or an event id: another writer was first.

    `sequence_id` and `position` are the place, `last_position` is the last position that the sequence has now, and
    `identical` says whether what is stored at the place equals what was to be written.
    """

    _position_word = "position"

    def __init__(self, sequence_id: Any, position: Any, last_position: Any, identical: bool) -> None:
        super().__init__(sequence_id, position, last_position, identical)
        self.sequence_id = sequence_id
        self.position = position
        self.last_position = last_position
        self.identical = identical

    @classmethod
    def of(cls, conflict: Conflict) -> Self:
        """Return a conflict in the words of this class.

        Args:
            conflict: the same conflict, as another layer raised it.
        """
        return cls(conflict.sequence_id, conflict.position, conflict.last_position, conflict.identical)

    @property
    def _shown_id(self) -> Any:
        # The id of a sequence with a name carries it.
        return getattr(self.sequence_id, "name", self.sequence_id)

    def __str__(self) -> str:
        word = self._position_word
        other = "an identical event" if self.identical else "a different event"
        if self.last_position is None or self.position > self.last_position:
            return (
                f"sequence {self._shown_id}: {word} {self.position} is given twice, with {other}; give each {word} once"
            )
        advice = "it is there already, so leave it out" if self.identical else "read it again and append after that"
        return (
            f"sequence {self._shown_id}: {word} {self.position} is taken by {other}, "
            f"the sequence is at {word} {self.last_position}; {advice}"
        )


class SequencedItemConflict(Conflict):
    """A position in a sequence is taken; a strategy raises it."""


class ConcurrencyError(Conflict):
    """A version of a sequence is taken; an event store raises it."""

    _position_word = "version"


class EventIdTaken(Conflict):
    """Another event has the same event id; `sequence_id` and `position` are its place."""

    def __init__(self, event_id: Any, sequence_id: Any, position: Any) -> None:
        super().__init__(sequence_id, position, position, False)
        self.args = (event_id, sequence_id, position)
        self.event_id = event_id

    def __str__(self) -> str:
        return (
            f"event id {self.event_id} is taken by the event at version {self.position} of sequence "
            f"{self._shown_id}: give every event an id of its own, or none"
        )


class StoreError(EsjournalError):
    """The store cannot be opened, read or written."""


class StoreNotFound(StoreError):
    """There is no file or database."""


class NotAJournal(StoreError):
    """A file, a table or a folder is not a journal."""


class NotADatabase(NotAJournal):
    """A file is not a SQLite database, and has no WAL beside it."""


class NotInitialised(StoreError):
    """There is a database without a journal."""


class NotMarked(NotInitialised):
    """A SQLite file has a journal's tables but is not marked as a journal, like one made from sqlite3's .dump."""


class StoreDamaged(StoreError):
    """What is stored cannot be read.

    `shown_url` is the store's address without any password, and `reason` says what is wrong.
    """

    def __init__(self, shown_url: str, reason: str) -> None:
        super().__init__(shown_url, reason)
        self.shown_url = shown_url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.shown_url} is damaged: {self.reason}; restore it from a backup"


class TimeOutOfRange(StoreDamaged):
    """A stored time is outside of the years 1 to 9999."""


class SchemaTooNew(StoreError):
    """A later esjournal made this journal."""


class SchemaTooOld(StoreError):
    """An earlier esjournal made this journal, which can only be read until `init` upgrades it."""


class StoreLocked(StoreError):
    """Another program kept the store locked until the timeout."""


class StatementCancelled(StoreError):
    """The server cancelled a statement, because of a timeout, a conflict with another session or an administrator."""


class StoreChanged(StoreError):
    """Another program wrote to the store while it was read by a user who cannot lock it."""


class StoreBehind(StoreError):
    """The store is filled by another server, as a standby is, and has not come as far as a cursor yet."""


class UnfinishedWrite(StoreError):
    """A program was killed in the middle of a write, which only one that opens the store to write can undo."""


class StoreReplaced(StoreError):
    """The files of a store were replaced while it was open, for example by restoring a backup."""


class StoreFull(StoreError):
    """The disk is full, or the database has reached its own limit."""


class StoreUnreachable(StoreError):
    """The server does not answer, or refuses the connection."""


class OutcomeUnknown(StoreError):
    """The connection was lost, or the disk failed, during COMMIT: what was to be written may be stored, or not.

    `shown_url` is the store's address without any password, `reason` says what happened, and `advice` says how to find
    out. Read the store before you write the same again, or it may be stored twice. If Ctrl-C or SIGTERM interrupted the
    COMMIT, the interruption is raised, and this error is its `__cause__`.
    """

    def __init__(self, shown_url: str, reason: str, advice: str = "read it before you write it again") -> None:
        super().__init__(shown_url, reason, advice)
        self.shown_url = shown_url
        self.reason = reason
        self.advice = advice

    def with_advice(self, advice: str) -> OutcomeUnknown:
        """Return the same error with other advice."""
        return OutcomeUnknown(self.shown_url, self.reason, advice)

    def __str__(self) -> str:
        return f"{self.shown_url}: not known whether it was written, because {self.reason}; {self.advice}"


@contextmanager
def advising(advice: str) -> Iterator[None]:
    """Give this advice with an OutcomeUnknown that is raised inside, or that is the cause of an interruption."""
    try:
        yield
    except OutcomeUnknown as unknown:
        raise unknown.with_advice(advice) from unknown.__cause__
    except BaseException as interruption:
        if isinstance(interruption.__cause__, OutcomeUnknown):
            interruption.__cause__ = interruption.__cause__.with_advice(advice)
        raise


class OutOfOrder(StoreError):
    """Events may become visible out of the order of their global positions, so a reader could miss some."""
