"""``placement-server compact``: write the log anew, and destroy what opened it before.

Two commands with a backup between them, since older backups open nothing once the old
keys are gone. The second one then looks for those keys, in every file that it knows of
and in the memory of a server that runs, and fails if there is one left.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.audit.note import Signer, Verifier
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.keyfile import open_signing
from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.signing import verify
from placement.ops.bar import Bar
from placement.ops.choosing import add_settings, path_of, told
from placement.ops.custodies import open_custody
from placement.ops.scan import (
    Trace,
    failed,
    files_of,
    in_memory,
    require_none,
    there_is,
)
from placement.service.fold import keep
from placement.service.fold import load as fold
from placement.store import fsck
from placement.store.compaction import compact, retire
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

WAIT: Final = 30.0
"""Seconds, beside two ticks, for a server to let go of what it holds."""
_EVERY: Final = 1.0


@dataclass(slots=True)
class _Sought:
    """What must not be found, and what must, to show that the search sees.

    Attributes:
        gone: as they are in memory.
        rows: as they are stored.
        here: a key in use, as it is in memory.
        stored: one as it is stored.
    """

    gone: list[Trace] = field(default_factory=list)
    rows: list[Trace] = field(default_factory=list)
    here: list[Trace] = field(default_factory=list)
    stored: list[Trace] = field(default_factory=list)


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
        "--server",
        type=int,
        metavar="PID",
        help="with --destroy: look for those keys in the memory of this process, too",
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
            return _destroy(settings, store, custody, folder, args.server)

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
    process: int | None,
) -> str:
    key = open_signing(settings.log_key, custody)
    verifier = Verifier(Signer(settings.log_name, key).public, verify)
    with Bar("Verifying") as bar:
        fsck.verify(store, verifier, progress=bar.show)
    _keep(store)  # so that none is under an older key
    sought = _Sought()
    count = retire(store, lambda key: _note(store, key, sought))
    if not count:
        return "There was no key to destroy, and so nothing to look for."
    _note_used(store, sought)
    files = files_of(settings, folder)
    require_none(files, [*sought.gone, *sought.rows], sought.stored)
    said = f"Keys of older epochs destroyed: {count}. Scanned {len(files)} files"
    if process is None:
        return f"{said}: none has a trace of them. NOT SCANNED: a server's memory."
    _scan_server(process, sought, WAIT + 2 * settings.tick)
    return f"{said} and the memory of process {process}: no trace of them."


def _keep(store: Store) -> None:
    state, head = fold(store)
    keep(store, state, head)


def _note(store: Store, key: EpochKey, sought: _Sought) -> None:
    """Take the traces of a key that is about to be destroyed."""
    what = f"{key.purpose.value} {key.epoch}"
    rows: list[bytes] = [key.wrapped]
    known = store.covers.known((key.purpose, key.epoch))
    rows += known[:1]
    secrets = known[1:]
    bare = store.covers.bare(key)
    if bare is not None:  # else somebody was interrupted when its cover was gone
        rows.append(bare.wrapped)
        secrets += store.ring.traces(bare)
    sought.gone += [Trace.of(f"key {what}", each) for each in secrets]
    sought.rows += [Trace.of(f"wrapped key {what}", each) for each in rows]


def _note_used(store: Store, sought: _Sought) -> None:
    """Take the traces of a key in use, which has to be found."""
    entries = [key for key in store.epochs.read() if key.purpose is Purpose.ENTRY]
    newest = max(entries, key=lambda key: key.epoch)
    *_, working = store.ring.traces(newest)
    sought.here.append(Trace.of("a key in use", working))
    sought.stored.append(Trace.of("a wrapped key in use", newest.wrapped))


def _scan_server(process: int, sought: _Sought, patience: float) -> None:
    """Look through the memory of a server, once it uses the newest keys.

    Raises:
        UnavailableError: there is a trace, or the memory can't be read.
    """
    until = time.monotonic() + patience
    while True:
        found = in_memory(process, [*sought.gone, *sought.here])
        if found == set(sought.here) or time.monotonic() > until:
            break
        time.sleep(_EVERY)
    if found.isdisjoint(sought.here):
        raise failed(
            f"NOT SCANNED: process {process} has not taken up the newest keys; is it the"
            " server, and has it written anything since?"
        )
    if left := found - set(sought.here):
        raise there_is(left, f"the memory of process {process}")
