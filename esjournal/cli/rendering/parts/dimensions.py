"""Dimensions that screens share: how much is drawn at once, when a terminal is wide, and how far lines are indented."""

from __future__ import annotations

# A table is drawn in pieces of this many lines: the first ones appear at once, and memory stays flat.
LINES_IN_A_PIECE = 500
# Below this width types are shown without their modules, to make room for the states.
WIDE = 120
INDENT = "    "
# Between columns.
GAP = "  "
