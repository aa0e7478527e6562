"""What a process does that another one forked: it is free of it, and ends by itself."""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Final, NoReturn

from placement.config import Settings
from placement.errors import PlacementError, UnavailableError
from placement.ops.custodies import open_custody
from placement.ops.saying import text_of
from placement.store.anchor import Anchor, require_newest
from placement.store.log import Store

TOLD: Final = (signal.SIGINT, signal.SIGTERM)
"""What tells a server to stop."""

_COPY: Final = (
    "Is it one process more than before? Then, while none runs, copy {} to {}: what that one"
    " saw is what the new one goes on from."
)
_log: Final = logging.getLogger(__name__)
_SET_PARENT_DEATH: Final = 1  # prctl(2)


def fork(name: str, run: Callable[[], None]) -> int:
    """Run something in a process of its own, which ends with it, or with this one.

    Args:
        name: what says why it failed, if it does.
        run: what it does.

    Returns:
        The id of the process, for the one that goes on.
    """
    parent, child = os.getpid(), os.fork()
    if child:
        return child
    code = 1
    try:
        _be_free(parent)
        run()
        code = 0
    except (OSError, PlacementError, ValueError) as error:
        said = text_of(error, "serve") if isinstance(error, PlacementError) else error
        print(f"{name}: {said}", file=sys.stderr)  # noqa: T201 (a process's one sentence)
    except Exception as error:  # noqa: BLE001 (whatever it is, the other goes on)
        _log.error("process_failed kind=%s", type(error).__name__)
    finally:
        _end(code)


def _be_free(parent: int) -> None:
    """Take nothing from the first process but that it ends this one with itself."""
    signal.set_wakeup_fd(-1)
    for number in (*TOLD, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before that was said
        os._exit(1)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def require_anchors(settings: Settings, secret: bytes | None, failing: int) -> None:
    """Refuse a database that is older than what one of the processes saw.

    Args:
        settings: of all of them.
        secret: passphrase or PIN; ``None`` with a plain key file.
        failing: told why the custody does not open, if it does not.

    Raises:
        PlacementError: the database is older, or can't be read.

    Secret: secret
    """
    try:
        custody = open_custody(settings, secret)
    except UnavailableError as error:
        why = error.notes or ["The custody does not open."]
        os.write(failing, " ".join(why).encode())
        return
    with (
        closing(custody),
        closing(Store.open(settings.database, custody, settings.keys)) as store,
    ):
        for path in settings.anchors:
            try:
                require_newest(store, Anchor(path, store))
            except PlacementError as error:
                error.because(f"This is {path}; each process has its own.")
                if path != settings.anchor and not path.exists():
                    error.because(_COPY.format(settings.anchor, path))
                raise
