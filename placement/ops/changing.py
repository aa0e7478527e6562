"""``placement-server custody change``: a new key-encryption key for a store that is there.

After a theft of token and PIN, or of three shares; or to go from a file to a token. While
a server runs it is refused: that one would begin its next epoch by the old key. The new
key was made by ``custody create``, where the settings now say; ``--from`` names the
settings as they were. Interrupted, it is run again.
"""

from contextlib import closing
from pathlib import Path
from typing import Final

from placement.config import Settings, load, load_custodian
from placement.crypto.changing import Change
from placement.crypto.custody import OPRF_LABEL, Custody
from placement.crypto.keyfile import open_signing
from placement.crypto.keyring import Purpose
from placement.crypto.signing import LOG_LABEL
from placement.errors import UnavailableError
from placement.ops.alone import require_unserved, unserved
from placement.ops.custodies import open_custody
from placement.ops.scan import Trace, files_of, require_none
from placement.service.custodian import Custodian, next_path
from placement.store.copying import file_of
from placement.store.log import Store
from placement.store.rewrapping import rewrap

_OLDER: Final = (
    "Older backups open by the old key alone, also in the hands of whoever has it: back up"
    " now, and destroy them."
)

_SERVED: Final = (
    "A server has this database: it would go on by the old key. Nothing was changed. Stop"
    " every server, and do it again."
)
_STARTED: Final = (
    "All is wrapped by the new key, but a server has started meanwhile, perhaps by the old"
    " one, which was not destroyed. Stop every server, and do it again."
)


def change_custody(
    settings: Settings, old: Path, folder: Path, *, custodian: bool, destroy: bool
) -> str:
    """Wrap everything by the custody that the settings name.

    Args:
        settings: as they are now.
        old: the file of those before, which name the custody that wraps it now.
        folder: of the settings; all files in it are looked through in the end.
        custodian: whose settings they are.
        destroy: destroy the old key, too.

    Returns:
        What to say at the end.

    Raises:
        PlacementError: a custody does not open, neither opens a key, or copies of what
            was replaced are left; or a server runs.
    """
    before = load_custodian(old).server if custodian else load(old)
    if _where(before) == _where(settings):
        raise UnavailableError().because(
            "Both settings name one custody: there is nothing to change."
        )
    gone: list[Trace] = []

    def replaced(blob: bytes) -> None:
        gone.append(trace(blob))

    with (
        unserved(settings, _SERVED),
        closing(open_custody(before, whose="The old custody. ")) as leaving,
        closing(open_custody(settings, whose="The new custody. ")) as coming,
    ):
        change = Change(leaving, coming, replaced)
        count, purged = rewrap(settings.database, settings.keys, change)
        change.file(settings.log_key, LOG_LABEL)
        for path in _custodian_keys(settings):
            change.file(path, OPRF_LABEL)
        here = _proven(settings, coming)
        if destroy:
            require_unserved(settings, _STARTED)
            leaving.destroy()
    searched = _searched(settings, folder, gone, here)
    kept = "The old key is destroyed." if destroy else "The old key is still there."
    return (
        f"{_done(count, purged=purged)}; {len(gone)} were the old key's. {searched} {kept}"
        f" {_OLDER}"
    )


def _searched(
    settings: Settings, folder: Path, gone: list[Trace], here: list[Trace]
) -> str:
    """Look through the files that there are here; say what was found.

    Raises:
        UnavailableError: something is left, or the search does not see.
    """
    files, local = files_of(settings, folder), file_of(settings.database) is not None
    require_none(files, gone, here if local else [])
    said = f"Scanned {len(files)} files: none has a trace of those."
    if local:
        return said
    return f"{said} NOT SCANNED: PostgreSQL's, which wrote its table anew."


def _done(count: int, *, purged: bool) -> str:
    """Say how much was wrapped anew.

    Raises:
        UnavailableError: copies of what was replaced may be left.
    """
    done = f"Wrapped {count} keys and the key files anew"
    if not purged:
        raise UnavailableError().because(
            f"{done}, but somebody reads, so copies of what was replaced may be left in a"
            " database's files. Do it again when nobody does."
        )
    return done


def trace(blob: bytes) -> Trace:
    """Return what shows that something of the old key's is still there."""
    return Trace.of("what the old key wrapped", blob)


def _where(settings: Settings) -> tuple[str, ...]:
    """Return what tells two custodies from each other."""
    if settings.custody == "token":
        return "token", settings.token_module, settings.token
    return "file", str(settings.store_key.resolve())


def _custodian_keys(settings: Settings) -> list[Path]:
    """Return where the custodian's keys lie: the next one may be the one in force.

    One of the two may be missing, as ``retire`` leaves them when it is interrupted.
    """
    if settings.custodian_id:
        return []
    path = settings.custodian_key
    return [each for each in (path, next_path(path)) if each.exists()] or [path]


def _proven(settings: Settings, custody: Custody) -> list[Trace]:
    """Open everything by the new custody alone; return a trace of what is stored."""
    with closing(Store.open(settings.database, custody, settings.keys)) as store:
        keys = store.epochs.read()
    open_signing(settings.log_key, custody).sign(b"")
    for path in _custodian_keys(settings):
        Custodian.open(path, custody)
    bare = next(key for key in keys if key.purpose is Purpose.ENTRY)
    return [Trace.of("a wrapped key in use", bare.wrapped)]
