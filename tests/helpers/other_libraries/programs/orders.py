"""What happens to the orders of the shop."""

from __future__ import annotations

from eventsourcing.domain.model.events import DomainEvent


class Created(DomainEvent):
    # Version 4 seals such an event with a hash; earlier versions do not.
    __with_data_integrity__ = True


class Ordered(DomainEvent):
    __with_data_integrity__ = True
