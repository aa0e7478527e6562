"""Close the process to who looks from outside: no dumps, no swap, no readers.

It lowers what others of the same machine can do. It does nothing against its
administrator, and of what Python once had in memory little is wiped
(``docs/threat-model.md``).

Source: prctl(2), mlockall(2), setrlimit(2), umask(2).
"""

import ctypes
import os
import resource
from dataclasses import dataclass
from typing import Any, Final

_SET_DUMPABLE: Final = 4
_GET_DUMPABLE: Final = 3
_CURRENT_FUTURE_ONFAULT: Final = 1 | 2 | 4
_MASK: Final = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardening:
    """What the machine allowed.

    Attributes:
        undumpable: no core dump, and no debugger of the same user.
        cores: bytes that a core dump may have all the same.
        locked: no page of the process goes to swap.
        user: the effective user id that it runs under.
    """

    undumpable: bool
    cores: int
    locked: bool
    user: int

    @property
    def whole(self) -> bool:
        """Whether nothing was refused."""
        return self.undumpable and not self.cores and self.locked


def harden(libc: Any = None) -> Hardening:  # noqa: ANN401 (a library of ctypes)
    """Close this process as far as the machine allows.

    Files that it makes from now on are its user's alone.

    Args:
        libc: the C library.

    Returns:
        What it allowed.
    """
    os.umask(_MASK)
    library = libc or ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    undumpable = library.prctl(_GET_DUMPABLE, 0, 0, 0, 0) == 0
    # Under a limit, locking what comes would make a later allocation fail.
    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    may_lock = unlimited or os.geteuid() == 0
    locked = may_lock and library.mlockall(_CURRENT_FUTURE_ONFAULT) == 0
    return Hardening(
        undumpable=undumpable,
        cores=resource.getrlimit(resource.RLIMIT_CORE)[0],
        locked=locked,
        user=os.geteuid(),
    )
