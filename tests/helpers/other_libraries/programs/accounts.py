"""The accounts of the bank of eventsourcing 9: their ids are UUIDs, or texts if an environment variable says so."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import (
    Aggregate,
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    CanSnapshotAggregate,
    MetaDomainEvent,
    event,
)

IDS_ARE_TEXT = os.environ.get("ORIGINATOR_ID_TYPE") == "text"


class TextEvent(metaclass=MetaDomainEvent):
    originator_id: str
    originator_version: int
    timestamp: datetime


class TextAggregate(BaseAggregate[str]):
    @staticmethod
    def create_id(*_: Any, **__: Any) -> str:
        return f"account-{uuid4()}"

    class Event(TextEvent, CanMutateAggregate[str]):
        pass

    class Created(Event, CanInitAggregate[str]):
        originator_topic: str

    class Snapshot(TextEvent, CanSnapshotAggregate[str]):
        topic: str
        state: Any


class Account(TextAggregate if IDS_ARE_TEXT else Aggregate):
    @event("Opened")
    def __init__(self, owner: str, opened_on: datetime) -> None:
        self.owner = owner
        self.opened_on = opened_on
        self.balance = Decimal("0.00")
        self.references: list[UUID] = []

    @event("Deposited")
    def deposit(self, amount: Decimal, reference: UUID, note: str) -> None:
        self.balance += amount
        self.references.append(reference)

    @event("Renamed")
    def rename(self, owner: str) -> None:
        self.owner = owner


class Bank(Application[Any]):
    is_snapshotting_enabled = True
    snapshotting_intervals: ClassVar = {Account: 3}
