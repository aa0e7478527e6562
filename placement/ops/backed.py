"""When the last backups were made, in a file beside the anchor.

For whoever asks how a machine is doing. It proves nothing: what a backup holds, it says
itself, and nobody relies on this file for anything.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from placement.config import Settings
from placement.crypto.files import write_file

KINDS: Final = ("database", "keys")
_MODE: Final = 0o600


def path_of(settings: Settings) -> Path:
    """Return where the file is."""
    return settings.anchor.with_suffix(".backups")


def read(settings: Settings) -> Mapping[str, int]:
    """Return by kind when the last backup was made, in microseconds, if it is known."""
    try:
        given = json.loads(path_of(settings).read_text("utf-8"))
        return {kind: int(given[kind]) for kind in KINDS if kind in given}
    except (OSError, ValueError, TypeError):
        return {}


def note(settings: Settings, kinds: Iterable[str], now: int) -> None:
    """Write down that backups were made; one that can't be noted is one all the same."""
    known = {**read(settings), **dict.fromkeys(kinds, now)}
    with suppress(OSError):
        content = json.dumps(known).encode()
        write_file(path_of(settings), content, mode=_MODE, replace=True)
