"""The server of a soak: as it is installed, but that it says how much memory it uses.

What a process has of the system's memory goes up and down by megabytes: freed memory that
the C library keeps to use it again, pages of files that the kernel fetches and drops,
objects that know one another and wait for the collector. Beside them a leak of one megabyte
an hour would not be seen in half an hour. So the C library is asked what is in use, of all
that was ever asked of it; Python's own objects are, too, in a process with
``PYTHONMALLOC=malloc``.

    python -m tests.soak.host SETTINGS LEAK USED

LEAK bytes are left behind by each call, to see that it is found. USED is a file: each line
of it is when (seconds of the monotonic clock), how much (bytes), and 1 if no snapshot was
being written: whoever folds one has the state twice for minutes.

Source: malloc_trim(3), mallinfo2(3).
"""

import ctypes
import gc
import os
import sys
import threading
import time
from pathlib import Path

from placement.ops.main import main as placement_server
from placement.rpc import door
from placement.service.keeping import Keeping
from placement.service.manners import Pace

EVERY = 0.5  # seconds; the least of some hundred hardly depends on who is just served


class _Figures(ctypes.Structure):
    """What the C library says of its memory; what is large it asks the system for alone."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def main(settings: str, leak: int, used: Path) -> int:
    """Serve until told to stop."""
    if os.environ.get("PYTHONMALLOC") != "malloc":
        raise SystemExit("without PYTHONMALLOC=malloc what Python uses is not seen")
    writes = _watched()
    tell = threading.Thread(target=_tell, args=(used, writes), name="tell", daemon=True)
    tell.start()
    if leak:
        _leave_behind(leak)
    return placement_server(["serve", "--settings", settings])


def _watched() -> threading.Event:
    """Return what is set while a snapshot is being written."""
    under_way, write = threading.Event(), Keeping._write

    def watched(self: Keeping, pace: Pace) -> None:
        under_way.set()
        try:
            write(self, pace)
        finally:
            under_way.clear()

    Keeping._write = watched  # type: ignore[method-assign]
    return under_way


def _tell(used: Path, writes: threading.Event) -> None:
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = _Figures
    with used.open("w", encoding="ascii", buffering=1) as file:
        while True:
            wrote = writes.is_set()
            gc.collect()
            library.malloc_trim(0)
            told = library.mallinfo2()
            rests = not (wrote or writes.is_set())
            print(time.monotonic(), told.uordblks + told.hblkhd, int(rests), file=file)
            time.sleep(EVERY)


def _leave_behind(size: int) -> None:
    kept, padded = [], door.padded

    def leaking(*given: object) -> object:
        kept.append(bytearray(size))
        return padded(*given)  # type: ignore[arg-type]

    door.padded = leaking  # type: ignore[assignment]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
