"""The layouts that are known, by name; loads nothing, so that help can name them."""

from __future__ import annotations

from enum import StrEnum


class LayoutName(StrEnum):
    """Whose tables a store has, where they are no journal's."""

    EVENTSOURCING = "eventsourcing"
    EVENTSOURCING_4 = "eventsourcing-4"
    MESSAGE_DB = "message-db"
