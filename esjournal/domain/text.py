"""Numbers, sizes and rates for people to read; programs get plain numbers."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB")
_MINUTE = 60
_LONG_UNITS = (("d", 86_400), ("h", 3_600), ("min", _MINUTE), ("s", 1))


def number(value: float) -> str:
    """Return a number with a comma for each thousand."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def counted(count: float, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 event`, or `336,776 events`.

    Args:
        count: the number.
        noun: the singular, with any words that follow: `event was`.
        plural: the plural; by default the noun with an s.
    """
    return f"{number(count)} {noun if count == 1 else plural or f'{noun}s'}"


def size(count: int) -> str:
    """Return a number of bytes in a suitable unit: `999 bytes`, or `24.6 kB`."""
    if count < 1_000:
        return counted(count, "byte")
    value, *larger = ((count / 1_000**power, unit) for power, unit in enumerate(_UNITS, 1))
    # 999,950 bytes are 1.0 MB, and not 1000.0 kB.
    while larger and round(value[0], 1) >= 1_000:
        value, *larger = larger
    return f"{value[0]:,.1f} {value[1]}"


def percent(part: int, whole: int) -> str:
    """Return what part of a number another one is: `91.5%`, or `<0.1%`."""
    shown = f"{100 * part / whole:.1f}%"
    return "<0.1%" if shown == "0.0%" and part else shown


def duration(seconds: float) -> str:
    """Return how long something took: `1.52 s`, and from a minute on as `elapsed` does, `3 min 20 s`."""
    return f"{seconds:.2f} s" if round(seconds, 2) < _MINUTE else elapsed(round(seconds, 2))


def elapsed(seconds: float) -> str:
    """Return a time without fractions of seconds, in its two largest units: `12 s`, `3 min 20 s`, or `2 d 5 h`."""
    parts = []
    left = int(seconds)
    for unit, length in _LONG_UNITS:
        if left >= length:
            parts.append(f"{number(left // length)} {unit}")
            left %= length
    return " ".join(parts[:2]) or "0 s"


def rate(count: int, seconds: float) -> str:
    """Return a rate: `221,563/s`. It is short because it ends lines that should fit a terminal."""
    return f"{number(round(count / seconds) if seconds else 0)}/s"


def shortened(value: object, limit: int = 80) -> str:
    """Return a value for a message: quoted, escaped, and cut if it is long.

    Args:
        value: anything.
        limit: the number of characters to keep.
    """
    text = str(value)
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}... ({len(text)} characters)"


def span(first: int, last: int) -> str:
    """Return a range of positions or versions as findings write it: `5`, or `5..7`."""
    return str(first) if first == last else f"{first}..{last}"


def common_length(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    # Equal halves are skipped at once: character by character, a long state would take seconds.
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
