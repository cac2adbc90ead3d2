"""What a type checker finds: each wrong line names the error that it gives."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import esjournal
from esjournal import DomainEvent, open_event_store


class OrderPlaced(DomainEvent):
    item: str
    amount: Decimal


OrderPlaced(originator_id=uuid4(), originator_version=0, item="tea", amount=Decimal(1))
OrderPlaced(originator_id=uuid4(), originator_version=0, item="tea")  # type: ignore[call-arg]
OrderPlaced(item="tea", amuont=Decimal(1), amount=Decimal(1))  # type: ignore[call-arg]
OrderPlaced(item=1, amount=Decimal(1))  # type: ignore[arg-type]
OrderPlaced(originator_version="0", item="tea", amount=Decimal(1))  # type: ignore[arg-type]
OrderPlaced(item="tea", amount=Decimal(1)).item = "jam"  # type: ignore[misc]
esjournal.open_store(":memory:")  # type: ignore[attr-defined]
with open_event_store(":memory:") as store:
    store.append("an event")  # type: ignore[arg-type]
    item: str = store.get_domain_event(uuid4(), eq=0).item  # type: ignore[union-attr]
