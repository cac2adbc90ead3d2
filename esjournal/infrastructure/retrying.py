"""Trying again when another writer was first."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from esjournal.exceptions import Conflict
from esjournal.infrastructure.activerecord import check_at_least

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def retry(
    *, attempts: int = 5, wait: float = 0.01
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Decorate a function so that it is called again after a Conflict.

    The function must read the sequence each time, and append after what it read. No other error makes it start over.
    OutcomeUnknown must not: what the function appended may be stored already.

    Args:
        attempts: how many times to call the function at most.
        wait: seconds before the second call. It doubles each time, and half of it is random, so that two writers that
            collided do not collide again.

    Raises:
        ValueError: fewer than one attempt, or a wait that is not a number of seconds, 0 or more.
    """
    check_at_least(1, attempts=attempts)
    if not 0 <= wait < math.inf:
        raise ValueError(f"wait is {wait}: give a number of seconds, 0 or more")

    def decorate(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        @wraps(function)
        def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
            for attempt in range(attempts - 1):
                try:
                    return function(*args, **kwargs)
                except Conflict:
                    time.sleep(wait * 2**attempt * random.uniform(0.5, 1.0))
            return function(*args, **kwargs)

        return call

    return decorate
