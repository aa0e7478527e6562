"""``placement-server compact``: write the log anew, and destroy what opened it before.

Two commands with a backup between them, since older backups open nothing once the old
keys are gone: without one that is known the second refuses. It then looks for those keys,
in every file that it knows of and in the memory of a server that runs, and fails if there
is one left. What to look for outlives whoever is interrupted (``sought``).
"""

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.audit.note import Signer, Verifier
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.keyfile import open_signing
from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.signing import verify
from placement.errors import UnavailableError
from placement.ops import backed
from placement.ops.bar import Bar
from placement.ops.choosing import add_settings, path_of, told
from placement.ops.custodies import open_custody
from placement.ops.scan import (
    Trace,
    files_of,
    in_memory,
    require_none,
    there_is,
)
from placement.ops.sought import Sought
from placement.service.fold import keep
from placement.service.fold import load as fold
from placement.store import fsck
from placement.store.compaction import compact, retire
from placement.store.copying import file_of
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

WAIT: Final = 30.0
"""Seconds, beside two ticks, for a server to let go of what it holds."""
_EVERY: Final = 1.0


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the operator's parser."""
    text = "write the log anew under new keys, so that the old ones can be destroyed"
    command = subparsers.add_parser("compact", help=text, description=text)
    add_settings(command)
    command.add_argument(
        "--destroy",
        action="store_true",
        help="destroy the old keys; backups from before the compaction open no more",
    )
    command.add_argument(
        "--without-backup",
        action="store_true",
        help="with --destroy: although no backup of both since `compact` is known here;"
        " is there none, and the database is lost, then all is lost",
    )
    command.add_argument(
        "--server",
        type=int,
        action="append",
        default=[],
        metavar="PID",
        help="with --destroy: look for those keys in the memory of this process, too;"
        " may be given for each of several",
    )


def run_command(args: argparse.Namespace) -> Callable[[Settings], str]:
    """Return what runs the command, given the settings."""

    def run(settings: Settings) -> str:
        with (
            closing(open_custody(settings)) as custody,
            closing(Store.open(settings.database, custody, settings.keys)) as store,
        ):
            if not args.destroy:
                return _compact(store, told(args, "compact --destroy"))
            folder = path_of(args).absolute().parent
            return _destroy(settings, store, custody, folder, args)

    return run


def _compact(store: Store, then: str) -> str:
    with Bar("Compacting") as bar:
        made = compact(store, bar.show)
    _keep(store)
    went = " That was begun before, and is done now." if made.resumed else ""
    return (
        f"Wrote the log anew up to revision {made.revision}.{went} Now back up database"
        f" and key store. Then {then} destroys the keys"
        " that opened it before; older backups open nothing any more then."
    )


def _destroy(
    settings: Settings,
    store: Store,
    custody: Custody,
    folder: Path,
    args: argparse.Namespace,
) -> str:
    key = open_signing(settings.log_key, custody)
    verifier = Verifier(Signer(settings.log_name, key).public, verify)
    with Bar("Verifying") as bar:
        fsck.verify(store, verifier, progress=bar.show)
    _require_servers(settings, store, args.server, _patience(settings))
    _keep(store)  # so that none is under an older key
    sought = Sought.left(folder)

    def going(keys: Sequence[EpochKey]) -> None:
        if keys and not args.without_backup:
            backed.require_without(settings, max(key.epoch for key in keys))
        for key in keys:
            sought.add(store, key)

    count = retire(store, going)
    if not sought.rows:
        return "There was no key to destroy, and so nothing to look for."
    said = f"Keys of older epochs destroyed: {count}."
    try:
        return f"{said} {_looked(settings, store, sought, folder, args.server)}"
    except UnavailableError as error:
        raise UnavailableError().because(" ".join([said, *error.notes])) from error
    except OSError as error:
        raise UnavailableError().because(
            f"{said} NOT SCANNED: {error.filename}: {error.strerror}."
        ) from error


def _looked(
    settings: Settings,
    store: Store,
    sought: Sought,
    folder: Path,
    processes: Sequence[int],
) -> str:
    """Look for what was destroyed, in files and memory; forget it when all is clean.

    Raises:
        OSError: a file can't be read.
        UnavailableError: there is a trace, or the search does not see.
    """
    where = _scan(settings, store, sought, folder)
    if not processes:
        return (
            f"{where} NOT SCANNED: a server's memory. Unless none has run since before, do"
            " it again with --server."
        )
    for process in processes:
        _scan_server(process, sought, _used(store), _patience(settings))
    sought.drop()
    named = ", ".join(map(str, processes))
    return f"{where} Nor has the memory of process {named}."


def _patience(settings: Settings) -> float:
    """Return how many seconds a server may take to use the newest keys."""
    return WAIT + 2 * settings.tick


def _keep(store: Store) -> None:
    state, head = fold(store)
    keep(store, state, head)


def _scan(settings: Settings, store: Store, sought: Sought, folder: Path) -> str:
    """Look through the files that there are here.

    Raises:
        OSError: one can't be read.
        UnavailableError: there is a trace, or the search does not see.
    """
    files = files_of(settings, folder)
    here = file_of(settings.database) is not None
    stored = [Trace.of("a wrapped key in use", _newest(store).wrapped)] if here else []
    require_none(files, [*sought.gone, *sought.rows], stored)
    said = f"Scanned {len(files)} files: none has a trace of them."
    if here:
        return said
    return f"{said} NOT SCANNED: PostgreSQL's, which wrote its table anew without them."


def _newest(store: Store) -> EpochKey:
    """Return a key in use."""
    entries = [key for key in store.epochs.read() if key.purpose is Purpose.ENTRY]
    return max(entries, key=lambda key: key.epoch)


def _used(store: Store) -> Trace:
    """Take the trace of a key in use, as it is in memory."""
    *_, working = store.ring.traces(_newest(store))
    return Trace.of("a key in use", working)


def _require_servers(
    settings: Settings, store: Store, processes: Sequence[int], patience: float
) -> None:
    """Refuse what are not all of this machine's servers, before anything is destroyed.

    Raises:
        UnavailableError: too few are named, or one is none, or can't be read.
    """
    if processes and len(set(processes)) < settings.processes:
        raise UnavailableError().because(
            f"The settings say {settings.processes} processes: name each with --server,"
            " or none. Nothing was destroyed."
        )
    try:
        for process in processes:
            _scan_server(process, None, _used(store), patience)
    except UnavailableError as error:
        error.because("Nothing was destroyed.")
        raise


def _scan_server(
    process: int, sought: Sought | None, used: Trace, patience: float
) -> None:
    """Look through the memory of a server, once it uses the newest keys.

    Raises:
        UnavailableError: there is a trace, or the memory can't be read.
    """
    until, gone = time.monotonic() + patience, sought.gone if sought else []
    while True:
        found = in_memory(process, [*gone, used])
        if found == {used} or time.monotonic() > until:
            break
        time.sleep(_EVERY)
    if used not in found:
        raise UnavailableError().because(
            f"NOT SCANNED: process {process} has not taken up the newest keys; is it the"
            " server, and has it written anything since?"
        )
    if left := found - {used}:
        raise there_is(left, f"the memory of process {process}")
