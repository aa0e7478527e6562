"""When the last backups were made, in a file beside the anchor.

For whoever asks how a machine is doing, and for whoever destroys keys: what is noted of the
last backup of the database says which epochs it needs. It proves nothing: what a backup
holds, it says itself. Somebody may have moved or lost it since.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from placement.config import Settings
from placement.crypto.files import write_file
from placement.errors import UnavailableError

KINDS: Final = ("database", "keys")
_NEEDS: Final = "needs"
_MODE: Final = 0o600


def path_of(settings: Settings) -> Path:
    """Return where the file is: one for all processes of a machine."""
    path = settings.anchor
    while path.suffix[1:].isdecimal():  # of the second process, and so on
        path = path.with_suffix("")
    return path.with_suffix(".backups")


def read(settings: Settings) -> Mapping[str, int]:
    """Return by kind when the last backup was made, in microseconds, if it is known."""
    known = _known(settings)
    return {kind: known[kind] for kind in KINDS if kind in known}


def note(
    settings: Settings, kinds: Iterable[str], now: int, needs: int | None = None
) -> None:
    """Write down that backups were made; one that can't be noted is one all the same.

    Args:
        settings: of the server.
        kinds: of which.
        now: in microseconds.
        needs: the oldest epoch that a backup of the database needs.
    """
    known = {**_known(settings), **dict.fromkeys(kinds, now)}
    if needs is not None:
        known[_NEEDS] = needs
    with suppress(OSError):
        content = json.dumps(known).encode()
        write_file(path_of(settings), content, mode=_MODE, replace=True)


def require_without(settings: Settings, epoch: int) -> None:
    """Refuse to destroy keys of an epoch unless what was backed up opens without them.

    Args:
        settings: of the server.
        epoch: the newest that is to go.

    Raises:
        UnavailableError: no backup of the database, and of the key store with it or
            later, is known that does.
    """
    known = _known(settings)
    database, keys = (known.get(kind) for kind in KINDS)
    both = database is not None and keys is not None and database <= keys
    if not both or known.get(_NEEDS, 0) <= epoch:
        raise UnavailableError().because(
            f"No backup of both since `compact` is noted in {path_of(settings)}: once these"
            " keys are destroyed, no older one opens, and if the database is lost, all is."
            " Nothing was destroyed. Back up database and key store first. Was that done"
            " on another machine? Then say --without-backup."
        )


def _known(settings: Settings) -> dict[str, int]:
    try:
        given: Any = json.loads(path_of(settings).read_text("utf-8"))
        return {name: int(given[name]) for name in (*KINDS, _NEEDS) if name in given}
    except (OSError, ValueError, TypeError):
        return {}
