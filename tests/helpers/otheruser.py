"""Another user, who has only the rights that everybody has."""

import os

NOBODY = 65_534


def become(user: int) -> None:
    """Give up the rights of root for those of another user, in this process and for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
