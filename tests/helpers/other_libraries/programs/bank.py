"""A bank of eventsourcing 9; environment variables say which database it writes to, and how.

usage: bank.py make ACCOUNTS EVENTS   make accounts with EVENTS events each, and print their ids
       bank.py notifications          print all notifications, in order
       bank.py states ID...           print the state of some accounts, as the library builds it
       bank.py append                 append events until it is killed, and print the nonce of each recorded one

It prints one JSON document a line. Accounts are written in turn, so that their events alternate.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from accounts import IDS_ARE_TEXT, Account, Bank

OPENED_ON = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)


def say(document: object) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201


def make(bank: Bank, accounts: int, events: int) -> None:
    made = []
    for number in range(accounts):
        account = Account(owner=f"Zoë Müller {number} 日本 🦆", opened_on=OPENED_ON)
        bank.save(account)
        made.append(account)
        say(str(account.id))
    for number in range(1, events):
        for account in made:
            if number % 3:
                account.deposit(Decimal(number) / 100, uuid4(), f"„note” {number}")
            else:
                account.rename(f"Ærøskøbing {number}")
            bank.save(account)


def notifications(bank: Bank) -> None:
    start = 1
    while page := bank.recorder.select_notifications(start=start, limit=1_000):
        for notification in page:
            say(
                {
                    "id": notification.id,
                    "originator_id": str(notification.originator_id),
                    "originator_version": notification.originator_version,
                    "topic": notification.topic,
                    "state": b64encode(notification.state).decode(),
                }
            )
        start = page[-1].id + 1


def states(bank: Bank, ids: list[str]) -> None:
    for text in ids:
        account = bank.repository.get(text if IDS_ARE_TEXT else UUID(text))
        say(
            {
                "id": str(account.id),
                "version": account.version,
                "owner": account.owner,
                "opened_on": account.opened_on.isoformat(),
                "balance": str(account.balance),
                "references": list(map(str, account.references)),
            }
        )


def append(bank: Bank) -> None:
    account = Account(owner="Zoë", opened_on=OPENED_ON)
    bank.save(account)
    say("ready")
    while True:
        nonce = uuid4().hex
        account.deposit(Decimal(1), uuid4(), nonce)
        bank.save(account)
        say(nonce)


def main(command: str, *arguments: str) -> None:
    with Bank() as bank:
        if command == "make":
            make(bank, *map(int, arguments))
        elif command == "notifications":
            notifications(bank)
        elif command == "states":
            states(bank, list(arguments))
        elif command == "append":
            append(bank)
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
