"""Random bytes that are drawn often and few at a time: nonces and salts, never keys.

Asking the kernel lets another thread go on meanwhile, and a thread that waits for its
turn again waits long; so the kernel is asked for a page at once.

Ids, handles and tokens are not drawn here. A virtual machine that is copied or put back
to an earlier time has the page that it had, and gives it out again; a new id would name
what another names. The kernel is told of that by the machine it runs on, a page is not.

Invariants:
    * no byte is given out twice, in a forked process neither;
    * what was given out is not kept.
"""

import os
import threading
from typing import Final

PAGE: Final = 4096  # bytes

_lock = threading.Lock()
_page: Final = bytearray()


def draw(size: int) -> bytes:
    """Return random bytes of the kernel's.

    Args:
        size: how many, at most a page.

    Raises:
        ValueError: more than a page, or none.
    """
    if not 0 < size <= PAGE:
        raise ValueError("one page at a time is drawn")
    with _lock:
        if len(_page) < size:
            _page[:] = os.urandom(PAGE)
        taken = bytes(_page[-size:])
        del _page[-size:]
        return taken


def _forget() -> None:
    """Leave a forked process nothing of what its parent will give out."""
    global _lock  # noqa: PLW0603 (its holder may be a thread that is not in the child)
    _lock = threading.Lock()
    _page.clear()


os.register_at_fork(after_in_child=_forget)
