"""Starting what draws the charts beside other work."""

from __future__ import annotations

import contextlib
import threading


def warm_up() -> None:
    """Let vl-convert start its engine in another thread, which takes a third of a second, once in a process.

    Not before processes are forked: a fork copies no thread.
    """
    threading.Thread(target=_draw_nothing).start()


def _draw_nothing() -> None:
    with contextlib.suppress(Exception):  # what is wrong shows when there is something to draw
        import vl_convert

        vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": []}})
