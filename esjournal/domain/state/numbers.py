"""JSON numbers, compared exactly, in time that grows with the length of their text and not with their size.

A Decimal does not accept every exponent, and one of a short text can keep the processor busy for hours once it becomes
an integer: 1e999999999.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

# A longer exponent may be beyond what int() takes, or takes in linear time.
_SHORT_EXPONENT = 18
# Only short numbers are cached; most numbers are short, and repeat.
_SHORT_NUMBER = 40


class Exact(NamedTuple):
    """A number: `sign` times 0.DIGITS times ten to the power of `magnitude`.

    `digits` neither begins nor ends with a zero. 0 has the sign 0, no digits, and the magnitude 0.
    """

    sign: int
    magnitude: int | Decimal
    digits: str


ZERO = Exact(0, 0, "")


def exact(number: str) -> Exact:
    """Return the exact value of a JSON number; 1.10 and 11e-1 give equal ones."""
    return _exact(number) if len(number) <= _SHORT_NUMBER else _exact.__wrapped__(number)


@lru_cache(maxsize=4_096)
def _exact(number: str) -> Exact:
    mantissa, _, exponent = number.lower().partition("e")
    sign = -1 if mantissa.startswith("-") else 1
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return ZERO
    # The number of digits before the point, counted from the first digit that is not 0.
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
    """Return a number below 0 if one is less than the other, 0 if they are equal, and above 0 otherwise."""
    if one.sign != other.sign:
        return one.sign - other.sign
    if one == other:
        return 0
    # Without trailing zeros, digits after the point sort like text.
    return one.sign if one[1:] > other[1:] else -one.sign


def scaled_integer(number: Exact, places: int, *, most_digits: int) -> int | None:
    """Return the whole part of a number times ten to the power of `places`.

    Returns:
        The integer, or None if it has more than `most_digits` digits.
    """
    if number.magnitude > most_digits - places:
        return None
    if number.magnitude <= -places:
        return 0
    length = int(number.magnitude) + places
    return number.sign * int(number.digits[:length].ljust(length, "0"))


def canonical(number: Exact) -> str:
    """Return a number as JSON; equal numbers give the same text."""
    if not number.sign:
        return "0"
    return f"{'-' if number.sign < 0 else ''}{number.digits}e{_sum(number.magnitude, -len(number.digits))}"
