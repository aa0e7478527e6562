"""The server of a soak: as it is installed, but that it gives back what it does not use.

What the C library keeps of freed memory, to use it again, and objects that know one another
and wait for the collector, come and go by megabytes; beside them a leak of one megabyte an
hour would not be seen in half an hour. So all of that is collected, and returned to the
system, every few seconds. What is leaked can't be.

    python -m tests.soak.host SETTINGS LEAK

LEAK bytes are left behind by each call, to see that it is found.
"""

import ctypes
import gc
import sys
import threading
import time

from placement.ops.main import main as placement_server
from placement.rpc import door

EVERY = 10.0  # seconds


def main(settings: str, leak: int) -> int:
    """Serve until told to stop."""
    threading.Thread(target=_give_back, name="trim", daemon=True).start()
    if leak:
        _leave_behind(leak)
    return placement_server(["serve", "--settings", settings])


def _give_back() -> None:
    library = ctypes.CDLL(None)
    while True:
        time.sleep(EVERY)
        gc.collect()
        library.malloc_trim(0)


def _leave_behind(size: int) -> None:
    kept, padded = [], door.padded

    def leaking(*given: object) -> object:
        kept.append(bytearray(size))
        return padded(*given)  # type: ignore[arg-type]

    door.padded = leaking  # type: ignore[assignment]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
