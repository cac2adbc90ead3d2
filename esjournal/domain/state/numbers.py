"""Numbers as JSON writes them, compared exactly, in a time that grows with their text and not with their size.

A Decimal cannot be made of any exponent, and one that has been made of a short text can keep the processor busy for
hours once it becomes an integer: 1e999999999.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

# A longer exponent may be beyond what int() takes, or takes in linear time.
_SHORT_EXPONENT = 18
# What is remembered must be short; most numbers are, and come again and again.
_SHORT_NUMBER = 40


class Exact(NamedTuple):
    """A number: `sign` times 0.DIGITS times ten to the power of `magnitude`.

    `digits` has no zero at either end. 0 has the sign 0, no digits, and the magnitude 0.
    """

    sign: int
    magnitude: int | Decimal
    digits: str


ZERO = Exact(0, 0, "")


def exact(number: str) -> Exact:
    """Return a JSON number; those that mean the same are equal, such as 1.10 and 11e-1."""
    return _exact(number) if len(number) <= _SHORT_NUMBER else _exact.__wrapped__(number)


@lru_cache(maxsize=4_096)
def _exact(number: str) -> Exact:
    mantissa, _, exponent = number.lower().partition("e")
    sign = -1 if mantissa.startswith("-") else 1
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return ZERO
    # How many places the first digit is before the point.
    places = len(digits) - len(fraction)
    power = int(exponent or "0") if len(exponent) <= _SHORT_EXPONENT else Decimal(exponent)
    return Exact(sign, _sum(power, places), digits.rstrip("0"))


def _sum(exponent: int | Decimal, places: int) -> int | Decimal:
    if isinstance(exponent, int):
        return exponent + places
    return Context(prec=exponent.adjusted() + 1 + _SHORT_EXPONENT, Emax=MAX_EMAX, Emin=MIN_EMIN).add(
        exponent, Decimal(places)
    )


def order(one: Exact, other: Exact) -> int:
    """Return a number below 0 where one is less than the other, 0 where they are equal, and above 0 else."""
    if one.sign != other.sign:
        return one.sign - other.sign
    if one == other:
        return 0
    # Without zeros at the end, digits after the point are in the order of their text.
    return one.sign if one[1:] > other[1:] else -one.sign


def scaled_integer(number: Exact, places: int, *, most_digits: int) -> int | None:
    """Return the whole part of a number times ten to the power of `places`.

    Returns:
        It, or None where it has more than `most_digits` digits.
    """
    if number.magnitude > most_digits - places:
        return None
    if number.magnitude <= -places:
        return 0
    length = int(number.magnitude) + places
    return number.sign * int(number.digits[:length].ljust(length, "0"))


def canonical(number: Exact) -> str:
    """Return a number as JSON, written alike for all that are equal."""
    if not number.sign:
        return "0"
    return f"{'-' if number.sign < 0 else ''}{number.digits}e{_sum(number.magnitude, -len(number.digits))}"
