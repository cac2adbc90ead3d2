"""Loading the program, without the garbage collector.

The objects of modules stay until the end. The collector looks at them again and again while they are loaded, and once
more when the program ends, and frees next to nothing.
"""

from __future__ import annotations

import gc


def pause_collector() -> None:
    """From now on, collect no garbage, because what is loaded stays."""
    gc.disable()


def resume_collector() -> None:
    """From now on, collect garbage, but never look again at what is there now.

    It does nothing without `pause_collector`, as when a test runs a command in its own process.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
