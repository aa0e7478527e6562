"""``placement-server backup`` and ``restore``.

A backup is made while servers serve, and read whole before it is one. What is restored
is the same to the byte, which its seal shows; the log in it leads to every checkpoint
that witnesses cosigned, which ``--verify`` shows. It gets its place only after that, and
nothing serves it unless it goes on from the anchor, or two officers accepted it
(``older``).

The key store goes into a file of its own, which has to be thrown away earlier
(docs/retention.md).
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import EEXIST, ENOENT
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.app import micros
from placement.audit import note as notes
from placement.audit.note import Signer, Verifier
from placement.config import Settings
from placement.crypto import age
from placement.crypto.custody import Custody
from placement.crypto.files import link_file, private_file
from placement.crypto.keyfile import open_signing
from placement.crypto.signing import verify
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.ops import backed, history, officers, older
from placement.ops.bar import Bar
from placement.ops.choosing import add_settings, read_settings
from placement.ops.custodies import open_custody
from placement.ops.history import witnessed
from placement.store import archive, fsck
from placement.store.anchor import Anchor
from placement.store.archive import Manifest
from placement.store.chain import ChainError
from placement.store.compaction import oldest_needed
from placement.store.copying import (
    Kind,
    copy,
    folder_of,
    place,
    require_vacant,
    settle,
)
from placement.store.head import Head
from placement.store.keystore import beside
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.schema import require_apart

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_COPY: Final = "copy-of-{}.db"
_SAID: Final[Mapping[bool | None, str]] = {
    None: "It was compared with no checkpoint.",
    False: "It is older than that checkpoint.",
    True: "It leads to that checkpoint.",
}
_UNSERVED: Final = (
    "It is served when two officers have accepted it: placement-server older."
)
_KEYS_OLDER: Final = (
    "The keys are older than the database: take a backup of the key store that was made with"
    " it, or later."
)
_KEYS_UNNAMED: Final = (
    "Without --keys the key store has to be in its place already; if it is not, give --keys"
    " FILE, a backup of it."
)
_PREFIX: Final = ".placement-"  # of a folder that is removed in the end


@dataclass(frozen=True, slots=True)
class _Job:
    """What one command was told.

    Attributes:
        args: of the command line.
        settings: of the server.
        files: of the backup, the database first.
        urls: of what is there, or shall be.
        custody: opened.
        verifier: of the log's key.
    """

    args: argparse.Namespace
    settings: Settings
    files: Mapping[Kind, Path]
    urls: Mapping[Kind, str]
    custody: Custody
    verifier: Verifier

    def opened(self, copies: Mapping[Kind, Path]) -> Store:
        """Open the store, from copies as far as there are any."""
        urls = dict(self.urls)
        for kind, path in copies.items():
            urls[kind] = f"sqlite:///{path}"
        return Store.open(urls[Kind.DATABASE], self.custody, urls[Kind.KEYS])


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to the operator's parser."""
    text = "write backups of database and key store, also while serving"
    backup = subparsers.add_parser("backup", help=text, description=text)
    backup.add_argument(
        "--recipient",
        action="append",
        default=[],
        metavar="AGE1…",
        help="encrypt to this public key of age; any number of them",
    )
    backup.set_defaults(backup_run=_backup)
    text = "put backups in place where nothing is, once they are proven"
    restore = subparsers.add_parser("restore", help=text, description=text)
    restore.add_argument(
        "--verify",
        type=Path,
        metavar="CHECKPOINT",
        help="the newest that a witness or client holds: refuse a log without it",
    )
    restore.add_argument(
        "--identity", type=Path, metavar="FILE", help="with the private key of age"
    )
    restore.add_argument(
        "--older",
        action="store_true",
        help="put in place even what is older; two officers have to accept it",
    )
    restore.add_argument(
        "--accept",
        type=Path,
        metavar="STATEMENT",
        help="of two officers who accept exactly this database (older show --backup)",
    )
    restore.set_defaults(backup_run=_restore)
    for command in (backup, restore):
        for kind, text in ((Kind.DATABASE, "database"), (Kind.KEYS, "key store")):
            command.add_argument(
                f"--{kind}", type=Path, metavar="FILE", help=f"of the {text}"
            )
        add_settings(command)


def run(args: argparse.Namespace) -> str:
    """Run one of the commands.

    Returns:
        What to say at the end.

    Raises:
        OSError: a file can't be read or written, or is there already.
        PlacementError: something does not verify, is taken, or does not answer.
        ValueError: a setting or an argument can't be.
    """
    settings = read_settings(args)
    files = {kind: getattr(args, kind) for kind in Kind if getattr(args, kind)}
    if not files:
        why = "Name a file with --database, with --keys, or both."
        raise UnavailableError().because(why)
    folders = {path.absolute().parent for path in files.values()}
    if len(folders) < len(files):
        why = "The files of --database and --keys must not lie in one folder."
        raise UnavailableError().because(why)
    with closing(open_custody(settings)) as custody:
        key = open_signing(settings.log_key, custody)
        verifier = Verifier(Signer(settings.log_name, key).public, verify)
        urls = {
            Kind.DATABASE: settings.database,
            Kind.KEYS: settings.keys or beside(settings.database),
        }
        act: Callable[[_Job], str] = args.backup_run
        return act(_Job(args, settings, files, urls, custody, verifier))


def _backup(job: _Job) -> str:
    for path in job.files.values():
        if not (folder := path.absolute().parent).is_dir():
            raise FileNotFoundError(ENOENT, "is no folder; nothing was written", folder)
        if path.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was written", path)
    if job.args.recipient:  # before anything takes its time
        age.encrypt(BytesIO(), BytesIO(), job.args.recipient)
    with ExitStack() as stack:
        copies = {
            kind: stack.enter_context(_staging(kind, path.absolute().parent))
            for kind, path in job.files.items()
        }
        head, checkpoint, needs, store = _copied(job, copies)
        beside = ""
        for kind, path in job.files.items():
            settle(copies[kind])
            told = archive.describe(
                kind,
                copies[kind],
                head,
                made=_now(),
                origin=job.settings.log_name,
                checkpoint=checkpoint,
                beside=beside,
            )
            manifest, sealed = told.render(), b""
            beside = told.digest if kind is Kind.DATABASE else beside
            if beside:
                sealed = archive.seal(store.ring, store.owner, manifest)
            _write(path, copies[kind], (manifest, sealed), job.args.recipient)
    backed.note(job.settings, map(str, job.files), micros(), needs)
    return (
        f"Backed up {' and '.join(job.files)}: {head.revision} events and"
        f" {head.leaves} entries; the newest checkpoint holds {head.published}."
    )


def _copied(
    job: _Job, copies: Mapping[Kind, Path]
) -> tuple[Head, bytes, int | None, Store]:
    """Copy, and read all that was copied.

    Returns:
        Where the log ends, its newest checkpoint, the oldest epoch that a copy of the
        database needs, and the store, which is closed.
    """
    needs = None
    database = Kind.DATABASE in copies
    if database:
        copy(Kind.DATABASE, job.urls[Kind.DATABASE], copies[Kind.DATABASE])
    first: dict[Kind, Path] = dict(copies)
    first.pop(Kind.KEYS, None)
    with closing(job.opened(first)) as store:
        head, checkpoint = store.read_head(), _newest(store)
    # The keys after it, so that none is missing.
    if Kind.KEYS in copies:
        copy(Kind.KEYS, job.urls[Kind.KEYS], copies[Kind.KEYS])
    with closing(job.opened(copies)) as store:
        if database:
            _read_whole(job, store, deeper=True)
            needs = oldest_needed(store)
        else:
            store.vault.verify()
    return head, checkpoint, needs, store


def _read_whole(job: _Job, store: Store, *, deeper: bool = False) -> None:
    """Verify everything in a store.

    Raises:
        ChainError: something does not verify; it is named.
        UnavailableError: a database does not answer.
    """
    with Bar("Verifying") as bar:
        fsck.verify(store, job.verifier, progress=bar.show, deeper=deeper)


def _write(
    path: Path, copied: Path, parts: tuple[bytes, bytes], recipients: list[str]
) -> None:
    """Write the file of a backup; it has its name when all of it is on the disk."""
    packed = copied.with_name("packed")
    with private_file(packed) as file:
        archive.pack(file, *parts, copied)
    if recipients:
        source, packed = packed, copied.with_name("encrypted")
        with source.open("rb") as clear, private_file(packed) as file:
            age.encrypt(clear, file, recipients)
    link_file(path, packed)


def _restore(job: _Job) -> str:
    if job.args.accept and Kind.DATABASE not in job.files:
        raise ValueError("only a database is accepted: name a file with --database")
    for kind in job.files:
        require_vacant(kind, job.urls[kind])
    require_apart(*job.urls.values())
    settings, args = job.settings, job.args
    known = witnessed(args.verify, settings, job.verifier) if args.verify else None
    signed = officers.read_signed(args.accept) if args.accept else None
    names = officers.officers_of(settings, signed) if signed else ()
    with ExitStack() as stack:
        copies = {
            kind: stack.enter_context(_staging(kind, _home(job, kind)))
            for kind in job.files
        }
        said = {kind: _unpacked(job, kind, copies[kind]) for kind in job.files}
        with closing(_unpacked_store(job, copies)) as store:
            head = _proven(job, store, said)
            newest = history.require_newest(
                store, head, known, settings.anchor, older=args.older or bool(signed)
            )
            end = older.accept(settings, store, signed, names) if signed else head
        for path in copies.values():
            settle(path)
        # The database last: without it nothing is served.
        for kind in sorted(job.files, key=lambda kind: kind is Kind.DATABASE):
            place(kind, copies[kind], job.urls[kind])
    if signed:
        for path in settings.anchors:
            Anchor(path, store).replace(end)
    proven = None if known is None else known.size <= head.leaves
    served = "It goes on from the anchor and can be served." if newest else _UNSERVED
    if names:
        served = f"Accepted, by {' and '.join(names)}, as entry {head.leaves}."
    return (
        f"Put {' and '.join(job.files)} in place: {head.revision} events and"
        f" {head.leaves} entries, root {archive.root_of(head)}. {_SAID[proven]} {served}"
    )


def _unpacked_store(job: _Job, copies: Mapping[Kind, Path]) -> Store:
    """Open what was unpacked; without a key store in it, with the one in its place.

    Raises:
        UnavailableError: there is none, or a database does not answer.
    """
    try:
        return job.opened(copies)
    except UnavailableError as error:
        if Kind.KEYS not in copies:
            error.because(_KEYS_UNNAMED)
        raise


def _proven(job: _Job, store: Store, said: Mapping[Kind, tuple[bytes, bytes]]) -> Head:
    """Prove that a store is what was backed up; return where it ends.

    Database and keys that were read together when they were backed up, and are the same
    to the byte, are not read again. Else they are.

    Raises:
        TamperedError: it is not.
        UnavailableError: a database does not answer.
    """
    head = store.read_head()
    told = {kind: Manifest.parse(manifest) for kind, (manifest, _) in said.items()}
    if Kind.DATABASE in said:
        archive.require_sealed(store.ring, store.owner, *said[Kind.DATABASE])
        told[Kind.DATABASE].require_head(head)
    keys, database = told.get(Kind.KEYS), told.get(Kind.DATABASE)
    if keys and database and keys.beside == database.digest:
        archive.require_sealed(store.ring, store.owner, *said[Kind.KEYS])
        return head
    try:
        _read_whole(job, store)
    except ChainError as error:
        if keys and keys.revision < head.revision:
            raise TamperedError().because(_KEYS_OLDER, *error.notes) from error
        raise
    return head


def _home(job: _Job, kind: Kind) -> Path:
    """Return where to unpack: beside where SQLite's file shall be."""
    return folder_of(job.urls[kind]) or job.settings.anchor.absolute().parent


def _unpacked(job: _Job, kind: Kind, copied: Path) -> tuple[bytes, bytes]:
    """Unpack a file; return its manifest and seal.

    Raises:
        TamperedError: it was cut or altered, is another's, or does not decrypt.
        ValueError: it is encrypted, and there is no identity.
    """
    path: Path = job.files[kind]
    if age.is_encrypted(path):
        if job.args.identity is None:
            raise ValueError(f"{path} is encrypted: name a file with --identity")
        clear = copied.with_name("packed")
        with path.open("rb") as source, private_file(clear) as target:
            age.decrypt(source, target, job.args.identity)
        path = clear
    with path.open("rb") as file:
        manifest, sealed = archive.unpack(file, copied)
    Manifest.parse(manifest).require(kind, job.settings.log_name)
    return manifest, sealed


def _now() -> str:
    return datetime.fromtimestamp(micros() // 1_000_000, UTC).isoformat()


def _newest(store: Store) -> bytes:
    """Return the newest checkpoint, if need be without a witness; empty for none."""
    ledger = Ledger(store)
    for cosignatures in (1, 0):
        with suppress(NotFoundError):
            return notes.render(ledger.newest(cosignatures=cosignatures))
    return b""


@contextmanager
def _staging(kind: Kind, folder: Path) -> Iterator[Path]:
    """Give the name of a copy in a folder of its own, which is removed in the end."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder) as name:
        yield Path(name) / _COPY.format(kind)
