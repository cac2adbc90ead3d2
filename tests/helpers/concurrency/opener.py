"""A program that opens a store again and again in several threads, and appends an event each time.

Run it as `python opener.py FILE SECONDS`; it prints a line for each append: the event's nonce, or what went wrong.
"""

import sys
import threading
import time
from uuid import uuid4

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import EsjournalError
from esjournal.journal.journalstore import open_event_store

THREADS = 3


def main() -> None:
    path, seconds = sys.argv[1], float(sys.argv[2])
    deadline = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < deadline:
            nonce = str(uuid4())
            try:
                with open_event_store(path) as store:
                    store.append(DomainEvent(originator_id=uuid4(), originator_version=0, nonce=nonce))
                said = f"appended {nonce}\n"
            except EsjournalError as error:
                said = f"failed {error}\n"
            sys.stdout.write(said)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
