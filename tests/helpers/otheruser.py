"""The program run by another user, who has only the rights that everybody has.

Root runs it as `python -m tests.helpers.otheruser ARGUMENT ...`. That user may not be able to read the environment that
the tests run in, so everything that the program needs is loaded before the rights are dropped.
"""

import os
import sys

from tests.helpers.loaded.program import load

NOBODY = 65_534
MODULE = [sys.executable, "-m", "tests.helpers.otheruser"]


def main() -> None:
    load()
    become(NOBODY)
    from esjournal.__main__ import main as run

    run()


def become(user: int) -> None:
    """Give up the rights of root for those of another user, in this process and for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


if __name__ == "__main__":
    main()
