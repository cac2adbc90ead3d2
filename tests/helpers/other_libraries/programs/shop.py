"""A shop of eventsourcing 2, 3 or 4, which keep their events in tables of SQLAlchemy.

usage: shop.py URL TABLE make ORDERS EVENTS   make orders with EVENTS events each, and print their ids
       shop.py URL TABLE items                print all items, in the order in which the library returns them
       shop.py URL TABLE append               append events until it is killed, and print the nonce of each stored one

TABLE is stored_events, integer_sequenced_items or timestamp_sequenced_items. The program prints one JSON document a
line. Orders are written in turn, so that their events alternate.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from uuid import UUID, uuid4

from eventsourcing.infrastructure.eventstore import EventStore
from orders import Created, Ordered
from tables import open_store

CREATED_ON = datetime(2018, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)


def say(document: object) -> None:
    print(json.dumps(document, default=str), flush=True)  # noqa: T201


def position(table: str, version: int) -> int | float:
    return 1519862399.123456 + version if table == "timestamp_sequenced_items" else version


def place(table: str, order: UUID, version: int) -> dict[str, object]:
    return {"originator_id": order, "originator_version": position(table, version)}


def make(store: EventStore, table: str, orders: int, events: int) -> None:
    made = [uuid4() for _ in range(orders)]
    for number, order in enumerate(made):
        store.append(Created(**place(table, order, 0), customer=f"Zoë {number} 日本 🦆", created_on=CREATED_ON))
        say(order)
    for version in range(1, events):
        for order in made:
            store.append(Ordered(**place(table, order, version), item=f"„tea” {version}", price=1.10, nonce=uuid4()))


def items(store: EventStore) -> None:
    for item in store.active_record_strategy.all_items():
        say(item)


def append(store: EventStore, table: str) -> None:
    order = uuid4()
    store.append(Created(**place(table, order, 0), customer="Zoë", created_on=CREATED_ON))
    say("ready")
    version = 0
    while True:
        version += 1
        nonce = uuid4().hex
        store.append(Ordered(**place(table, order, version), item="tea", price=1.10, nonce=nonce))
        say(nonce)


def main(url: str, table: str, command: str, *arguments: str) -> None:
    store = open_store(url, table)
    if command == "make":
        make(store, table, *map(int, arguments))
    elif command == "items":
        items(store)
    elif command == "append":
        append(store, table)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
