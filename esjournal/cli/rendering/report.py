"""The counts of a journal as a picture or a web page to pass on, which loads nothing from elsewhere."""

from __future__ import annotations

import re
from enum import StrEnum
from io import StringIO
from typing import TYPE_CHECKING

from esjournal.cli.rendering.parts.clock import Clock
from esjournal.cli.rendering.stats import draw, lines_of

if TYPE_CHECKING:
    from esjournal.journal.inspect.stats import Counted

WIDTH = 100

_FONT_FROM_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
# Characters that are allowed in a type but not in XML (section 2.2).
_NO_XML = re.compile("[\ufffe\uffff]")
_HTML = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>esjournal stats</title>
<style>
{stylesheet}
body {{ color: {foreground}; background-color: {background}; }}
pre {{ font-family: Menlo, "DejaVu Sans Mono", Consolas, monospace; line-height: 1.15; }}
</style>
</head>
<body>
<pre>{code}</pre>
</body>
</html>
"""


class ReportFormat(StrEnum):
    """The format of a report."""

    SVG = "svg"
    HTML = "html"


def report(counted: Counted, report_format: ReportFormat) -> str:
    """Return a report, in which stored data is only text.

    Args:
        counted: the counts of the journal.
        report_format: a picture or a web page.
    """
    from rich.console import Console
    from rich.terminal_theme import MONOKAI

    console = Console(
        record=True,
        width=WIDTH,
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        markup=False,
        highlight=False,
        emoji=False,
        # A report does not depend on the terminal: NO_COLOR and TERM=dumb do not apply.
        _environ={},
    )
    draw(lines_of(counted, WIDTH, Clock(utc=True), unicode=True), console)
    if report_format is ReportFormat.HTML:
        text = console.export_html(code_format=_HTML)
    else:
        text = console.export_svg(title="esjournal stats", theme=MONOKAI, unique_id="esjournal")
        text = _FONT_FROM_ELSEWHERE.sub("", text)
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
