"""The traces of keys that are destroyed, kept until they were looked for everywhere.

Whoever is interrupted between destroying a key and looking for it could not look again:
the key is gone, and what it looked like with it. So its traces are in a file before it is
destroyed. Of each that is eight bytes, and a hash over all: nothing opens by it.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from placement.crypto.files import settle, write_file
from placement.crypto.keyring import EpochKey
from placement.errors import TamperedError
from placement.ops.scan import Trace
from placement.store.log import Store

NAME: Final = "destroyed.json"
_MODE: Final = 0o600


@dataclass(slots=True)
class Sought:
    """What must not be found any more.

    Attributes:
        path: of the file.
        gone: keys as they are in memory.
        rows: as they are stored.
    """

    path: Path
    gone: list[Trace]
    rows: list[Trace]

    @classmethod
    def left(cls, folder: Path) -> "Sought":
        """Return what was not looked for everywhere yet.

        Args:
            folder: where the file is, if there is one.

        Raises:
            OSError: it can't be read.
            TamperedError: it is not ours.
        """
        path = folder / NAME
        said: dict[str, Any] = {"gone": [], "rows": []}
        with suppress(FileNotFoundError):
            said = _parsed(path.read_bytes())
        try:
            return cls(path, _traces(said["gone"]), _traces(said["rows"]))
        except (KeyError, TypeError, ValueError):
            raise _damaged(path) from None

    def add(self, store: Store, key: EpochKey) -> None:
        """Note a key that is about to be destroyed, on the disk.

        Args:
            store: whose.
            key: as it stands there.

        Raises:
            OSError: the file can't be written.
            TamperedError: the key does not open.
            UnavailableError: a database does not answer.
        """
        what = f"{key.purpose.value} {key.epoch}"
        rows: list[bytes] = [key.wrapped]
        known = store.covers.known((key.purpose, key.epoch))
        rows += known[:1]
        secrets = known[1:]
        bare = store.covers.bare(key)
        if bare is not None:  # else somebody was interrupted when its cover was gone
            rows.append(bare.wrapped)
            secrets += store.ring.traces(bare)
        self.gone = _with(self.gone, f"key {what}", secrets)
        self.rows = _with(self.rows, f"wrapped key {what}", rows)
        said = {"gone": _listed(self.gone), "rows": _listed(self.rows)}
        content = json.dumps(said, indent=1).encode()
        write_file(self.path, content, mode=_MODE, replace=True)
        settle(self.path.parent)

    def drop(self) -> None:
        """Forget them: they were looked for everywhere."""
        self.path.unlink(missing_ok=True)


def _with(traces: list[Trace], what: str, secrets: Iterable[bytes]) -> list[Trace]:
    return list(dict.fromkeys([*traces, *(Trace.of(what, each) for each in secrets)]))


def _listed(traces: Iterable[Trace]) -> list[list[str | int]]:
    return [
        [each.what, each.start.hex(), each.size, each.digest.hex()] for each in traces
    ]


def _traces(said: Iterable[tuple[str, str, int, str]]) -> list[Trace]:
    """Read traces.

    Raises:
        TypeError: they are none.
        ValueError: they are none.
    """
    return [
        Trace(str(what), bytes.fromhex(start), int(size), bytes.fromhex(digest))
        for what, start, size, digest in said
    ]


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except (TypeError, ValueError):
        return {}


def _damaged(path: Path) -> TamperedError:
    return TamperedError().because(
        f"{path} does not say which keys to look for: put it back, or remove it and with"
        " it the search for those that were destroyed before."
    )
