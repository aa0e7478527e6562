"""An open file is one process's alone for a while, where the machine has such locks."""

from contextlib import suppress
from importlib import import_module
from types import ModuleType

_fcntl: ModuleType | None = None
with suppress(ImportError):
    _fcntl = import_module("fcntl")


def have_locks() -> bool:
    """Tell whether this machine has them; where it has none, nothing is kept apart."""
    return _fcntl is not None


def take(number: int, *, wait: bool) -> None:
    """Lock an open file for this process, until it is closed.

    Args:
        number: the file's.
        wait: for whoever has it.

    Raises:
        OSError: another process has it, and is not waited for.
    """
    if _fcntl is not None:
        _fcntl.flock(number, _fcntl.LOCK_EX | (0 if wait else _fcntl.LOCK_NB))
