"""A journal for domain events: a command line and a typed library over SQLite and PostgreSQL."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esjournal.domain.folding import fold
    from esjournal.domain.model.events import DomainEvent
    from esjournal.domain.model.replayedevent import ReplayedEvent
    from esjournal.domain.model.sequencenames import sequence_id
    from esjournal.domain.model.topics import register_topic
    from esjournal.exceptions import (
        ConcurrencyError,
        Conflict,
        EsjournalError,
        InvalidCursor,
        InvalidData,
        InvalidURL,
        OutcomeUnknown,
        SequencedItemConflict,
        StoreError,
    )
    from esjournal.infrastructure.activerecord import NEXT
    from esjournal.infrastructure.cipher import AESGCMCipher
    from esjournal.infrastructure.eventstore import EventStore
    from esjournal.infrastructure.retrying import retry
    from esjournal.infrastructure.sequenceditem import StoredEvent
    from esjournal.infrastructure.transcoding import JSONTranscoder
    from esjournal.journal.cursor import Cursor
    from esjournal.journal.journalstore import JournalEvent, JournalStore, open_event_store

__version__ = "0.1.0"

__all__ = [
    "NEXT",
    "AESGCMCipher",
    "ConcurrencyError",
    "Conflict",
    "Cursor",
    "DomainEvent",
    "EsjournalError",
    "EventStore",
    "InvalidCursor",
    "InvalidData",
    "InvalidURL",
    "JSONTranscoder",
    "JournalEvent",
    "JournalStore",
    "OutcomeUnknown",
    "ReplayedEvent",
    "SequencedItemConflict",
    "StoreError",
    "StoredEvent",
    "fold",
    "open_event_store",
    "register_topic",
    "retry",
    "sequence_id",
]

_MODULES = {
    "NEXT": "infrastructure.activerecord",
    "AESGCMCipher": "infrastructure.cipher",
    "ConcurrencyError": "exceptions",
    "Conflict": "exceptions",
    "Cursor": "journal.cursor",
    "DomainEvent": "domain.model.events",
    "EsjournalError": "exceptions",
    "EventStore": "infrastructure.eventstore",
    "InvalidCursor": "exceptions",
    "InvalidData": "exceptions",
    "InvalidURL": "exceptions",
    "JSONTranscoder": "infrastructure.transcoding",
    "JournalEvent": "journal.journalstore",
    "JournalStore": "journal.journalstore",
    "OutcomeUnknown": "exceptions",
    "ReplayedEvent": "domain.model.replayedevent",
    "SequencedItemConflict": "exceptions",
    "StoreError": "exceptions",
    "StoredEvent": "infrastructure.sequenceditem",
    "fold": "domain.folding",
    "open_event_store": "journal.journalstore",
    "register_topic": "domain.model.topics",
    "retry": "infrastructure.retrying",
    "sequence_id": "domain.model.sequencenames",
}

# Type checkers would take every name for one that is there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Return a public name; its module loads now, because the command line starts faster without it."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
