"""Text cut and padded to columns of a terminal, where some characters take two columns and some none.

Nearly all text is ASCII, one column for each character, and is not measured by Rich.
"""

from __future__ import annotations

ELLIPSIS = "…"


def width_of(text: str) -> int:
    """Return how many columns a text on one line takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return a text cut to a width, with an ellipsis if something is missing."""
    return text if width_of(text) <= width else shortened(text, width)


def shortened(text: str, width: int) -> str:
    """Return the beginning of a text with an ellipsis, in a width that is not more than its own."""
    if width < 1:
        return ""
    if text.isascii():
        return f"{text[: width - 1]}{ELLIPSIS}"
    from rich.cells import set_cell_size

    return f"{set_cell_size(text, width - 1)}{ELLIPSIS}"


def padded(text: str, width: int) -> str:
    """Return a text cut or padded to a width."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width)
    short = cut(text, width)
    return short + " " * (width - width_of(short))
