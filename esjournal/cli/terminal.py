"""What may reach a terminal: text whose control characters are shown, and never obeyed."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TextIO, cast

from esjournal.domain.choices import ColorChoice

if TYPE_CHECKING:
    from rich.console import Console

# C0 except tab and line feed, DEL, C1, line and paragraph separators, the marks for the direction of text, those that
# Unicode deprecates or reserves for annotations, and halves of surrogate pairs, which UTF-8 cannot encode: Python reads
# them from JSON's escapes, and from bad bytes in arguments.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
# What screens are drawn with, for a terminal that lacks it. No data has these characters there: it has their escapes.
_IN_ASCII = {"…": "~", "│": "|", "─": "-", "├": "+", "└": "`"}
IN_ASCII = "esjournal.in-ascii"

# As in git, an unknown terminal is treated as one without any capabilities.
_DUMB_TERMINALS = ("", "dumb", "unknown")

# What --color says.
_choice = ColorChoice.AUTO

_UTF_8 = "utf-8"

# At least this many characters are encoded at once.
_AT_A_TIME = 65_536


def visible(text: str) -> str:
    r"""Return text with control characters as escapes: ESC becomes `\u001b`, as in JSON.

    So do characters that a terminal lacks, so that columns are as wide as what they show. A pipe gets UTF-8 everywhere.
    """
    shown = _without_controls(text)
    return shown if shown.isascii() or sys.stdout.encoding == _UTF_8 or not sys.stdout.isatty() else _encodable(shown)


def _without_controls(text: str) -> str:
    return _CONTROLS.sub(lambda found: _escaped(found[0]), text)


def _encodable(text: str) -> str:
    def shown(character: str) -> str:
        return character if character.encode(sys.stdout.encoding, "ignore") else _escaped(character)

    return "".join(map(shown, text))


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(character) or _escaped(character) for character in lacking), error.end


codecs.register_error(IN_ASCII, _in_ascii)


def on_one_line(text: str) -> str:
    """Return visible text without line ends and tabs: they become escapes too."""
    # Most texts are, and that is known eight times as fast.
    if text.isascii() and text.isprintable():
        return text
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def fields_on_one_line(fields: Iterable[Any]) -> Sequence[Any]:
    """Return the fields of a record as they may be shown: every text visible and on one line."""
    return [on_one_line(field) if isinstance(field, str) else field for field in fields]


def is_dumb() -> bool:
    """Say whether the terminal understands no escape sequences, so that colours and a pager are out."""
    return os.environ.get("TERM", "").lower() in _DUMB_TERMINALS


def choose_colours(choice: ColorChoice) -> ColorChoice:
    """Take the value of --color, for what is drawn from now on, and return it."""
    global _choice
    _choice = choice
    return choice


class Styles(NamedTuple):
    """Which styles text may have on a stream: any at all, and colours among them."""

    any: bool
    colours: bool


def styles_on(stream: TextIO) -> Styles:
    """Return which styles text may have on a stream: --color decides, else NO_COLOR, FORCE_COLOR, and the terminal.

    NO_COLOR leaves bold and dim text on a terminal, as https://no-color.org means it.
    """
    if _choice is not ColorChoice.AUTO:
        wanted = _choice is ColorChoice.ALWAYS
        return Styles(wanted, wanted)
    is_capable = stream.isatty() and not is_dumb()
    if os.environ.get("NO_COLOR"):
        return Styles(is_capable, False)
    wanted = is_capable or bool(os.environ.get("FORCE_COLOR"))
    return Styles(wanted, wanted)


def console_options(stream: TextIO) -> dict[str, Any]:
    """Return the options of a console of Rich's for the styles on a stream: 16 colours, which every terminal has."""
    styles = styles_on(stream)
    return {"color_system": "standard" if styles.any else None, "no_color": not styles.colours}


def write(text: str) -> None:
    r"""Write data to stdout: byte for byte to a file or pipe, visibly escaped to a terminal.

    Half of a surrogate pair is always an escape, `\ud83d`: UTF-8 cannot encode it.
    """
    output(sys.stdout.buffer).write(text.encode(errors="backslashreplace"))


def write_pieces(pieces: Iterable[str]) -> None:
    """Write data in pieces as `write` does, some pieces at a time, however many there are."""
    kept: list[str] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > _AT_A_TIME:
            write("".join(kept))
            kept, size = [], 0
    write("".join(kept))


def output(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream to write data to: the same one or, for a terminal, one that shows control characters."""
    return cast(IO[bytes], _VisibleBytes(stream)) if stream.isatty() else stream


def screen() -> Console:
    """Return Rich's console on stdout, which takes plain text and escapes characters that the terminal lacks."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.theme import Theme

    class Screen(Console):
        """A console that lets no control character through, and leaves broken pipes to the program."""

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                # What Rich draws itself has an ASCII form.
                yield segment if segment.control else Segment(_without_controls(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            # Rich would exit with 1.
            raise

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors=IN_ASCII)
    # Rich's own are bright, and hardly seen on white.
    theme = Theme({"json.bool_true": "italic green", "json.bool_false": "italic red"})
    return Screen(**console_options(sys.stdout), theme=theme, markup=False, highlight=False, emoji=False)


class _VisibleBytes:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        written = self._stream.write(visible(data.decode()).encode(sys.stdout.encoding, IN_ASCII))
        # It is seen at once, however long the next takes to come.
        self._stream.flush()
        return written
