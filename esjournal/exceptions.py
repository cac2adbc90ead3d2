"""Every error that esjournal raises.

EsjournalError
 +-- InvalidURL                the address of a journal cannot be used
 +-- InvalidData               what was given is no event
 |    +-- InvalidLine          ... at a place in a file
 |    +-- MappingError         an event and an item do not map to one another
 |         +-- TopicNotFound   ... because no class is registered under the topic
 +-- UnusableFile              a file or folder that was named cannot be read or written
 +-- InvalidCursor             a cursor cannot be used with this journal
 +-- SequenceNotFound          no sequence's id begins as was said
 +-- AmbiguousId               several do
 +-- Conflict                  a place in a sequence is taken
 |    +-- SequencedItemConflict  ... by another item
 |    +-- ConcurrencyError       ... by another event: the same conflict in the event store's words
 +-- StoreError                the store cannot do its part
      +-- StoreNotFound        nothing is there
      +-- NotAJournal          something else is there
      +-- NotInitialised       a store is there, and no journal in it yet
      +-- StoreDamaged         what is there cannot be read
      |    +-- MomentOutOfRange  ... because it was recorded at a time that has no four digits of a year
      +-- SchemaTooNew         a later esjournal made it
      +-- StoreLocked          others kept it locked until the timeout
      +-- StatementCancelled   the server gave up on a statement
      +-- StoreChanged         others wrote to it, and could not be kept from it, while it was read
      +-- StoreReplaced        its files were replaced while it was open
      +-- StoreFull            the disk, or the database's own limit, is reached
      +-- StoreUnreachable     the server does not answer, or refuses us
      +-- OutcomeUnknown       the server did not say whether it has committed
      +-- OutOfOrder           events become visible there out of the order of their positions

Messages say what happened, where, with which value, and what to do next.
"""

from __future__ import annotations

from typing import Any, Self


class EsjournalError(Exception):
    """The root of every error that esjournal raises."""


class InvalidURL(EsjournalError):
    """The address of a journal cannot be used; no part of a password is in the message."""


class InvalidData(EsjournalError):
    """What was given is no event."""


class InvalidLine(InvalidData):
    """A line of a file is no event, or none that can be taken.

    `source` is the file's name, `line` counts from 1, `reason` says what is wrong; `text` is the line, and `event`
    what it would be, where they are known.
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
    """An event and a sequenced item do not map to one another."""


class TopicNotFound(MappingError):
    """No class is registered under a topic; nothing is imported to look for one."""


class UnusableFile(EsjournalError):
    """A file or folder that was named cannot be read or written."""


class InvalidCursor(EsjournalError):
    """A cursor's file has no cursor, or one of another journal, or of this one as it is no longer."""


class SequenceNotFound(EsjournalError):
    """No sequence of a journal has an id that begins as was said."""


class AmbiguousId(EsjournalError):
    """The ids of several sequences begin as was said; they are in the message."""


class Conflict(EsjournalError):
    """A place in a sequence is taken: another writer was first.

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

    def __str__(self) -> str:
        word = self._position_word
        other = "an identical event" if self.identical else "a different event"
        if self.last_position is None or self.position > self.last_position:
            return (
                f"sequence {self.sequence_id}: {word} {self.position} is given twice, with {other}; "
                f"give each {word} once"
            )
        advice = "it is there already, so leave it out" if self.identical else "read it again and append after that"
        return (
            f"sequence {self.sequence_id}: {word} {self.position} is taken by {other}, "
            f"the sequence is at {word} {self.last_position}; {advice}"
        )


class SequencedItemConflict(Conflict):
    """The position in a sequence is taken by another item."""


class ConcurrencyError(Conflict):
    """The version in a sequence is taken by another event."""

    _position_word = "version"


class StoreError(EsjournalError):
    """The store cannot do its part."""


class StoreNotFound(StoreError):
    """Nothing is there."""


class NotAJournal(StoreError):
    """Something is there that is not an esjournal."""


class NotInitialised(StoreError):
    """A store is there, and no journal in it yet."""


class StoreDamaged(StoreError):
    """What is stored cannot be read.

    `shown_url` is the store's address without any password, `reason` what the database says of it.
    """

    def __init__(self, shown_url: str, reason: str) -> None:
        super().__init__(shown_url, reason)
        self.shown_url = shown_url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.shown_url} is damaged: {self.reason}; restore it from a backup"


class MomentOutOfRange(StoreDamaged):
    """What is stored was recorded at a time outside of the years 1 to 9999."""


class SchemaTooNew(StoreError):
    """A later esjournal made this journal."""


class StoreLocked(StoreError):
    """Others kept the store locked until the timeout."""


class StatementCancelled(StoreError):
    """The server gave up on a statement: for a timeout of its own, a conflict with others, or an administrator."""


class StoreChanged(StoreError):
    """Others wrote to the store while it was read by a user who cannot lock it."""


class StoreReplaced(StoreError):
    """The files of a store were replaced while it was open, as by a backup that is restored under a running program."""


class StoreFull(StoreError):
    """The disk, or the database's own limit, is reached."""


class StoreUnreachable(StoreError):
    """The server does not answer, or refuses us."""


class OutcomeUnknown(StoreError):
    """The server did not say whether it has committed: what was to be written may be there, or not.

    `shown_url` is the store's address without any password, `reason` says how the answer was lost, and `advice` how to
    find out. To write the same again without a look may write it twice.
    """

    def __init__(self, shown_url: str, reason: str, advice: str = "read it before you write it again") -> None:
        super().__init__(shown_url, reason, advice)
        self.shown_url = shown_url
        self.reason = reason
        self.advice = advice

    def with_advice(self, advice: str) -> OutcomeUnknown:
        """Return the same with other words about how to find out."""
        return OutcomeUnknown(self.shown_url, self.reason, advice)

    def __str__(self) -> str:
        return (
            f"{self.shown_url}: not known whether it was written, because the connection was lost before COMMIT was "
            f"answered ({self.reason}); {self.advice}"
        )


class OutOfOrder(StoreError):
    """Events become visible there out of the order of their global positions, so a reader could miss some."""
