"""Trying again when somebody else was first."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from esjournal.exceptions import ConcurrencyError
from esjournal.infrastructure.activerecord import check_at_least

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def retry(
    *, attempts: int = 5, wait: float = 0.01
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Decorate a function so that a ConcurrencyError makes it start over.

    The function must read the sequence again each time, and append behind what it read. No other error makes it start
    over, and OutcomeUnknown must not: what the function appended may be stored already.

    Args:
        attempts: how often to call the function at the most.
        wait: seconds before the second call; it doubles each time, and half of it is random, so that rivals part.

    Raises:
        ValueError: fewer than one attempt, or a wait that is not a number of seconds from 0 on.
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
                except ConcurrencyError:
                    time.sleep(wait * 2**attempt * random.uniform(0.5, 1.0))
            return function(*args, **kwargs)

        return call

    return decorate
