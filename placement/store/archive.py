"""The file of a backup: a manifest, its seal, and a copy of a database, in a tar.

Members, in this order::

    manifest.json    what it is, for everybody to read: ``Manifest``
    seal             epoch, 4 bytes | what the head's key of that epoch seals: nothing
    copy.db          the copy (``copying``), a SQLite file

The context of the seal is store id | schema | "backup" | epoch | SHA-256 of the manifest.
The manifest holds the copy's size and hash. So whoever opens the store knows that not a
byte differs from what was backed up.

A backup of the key store is sealed if it was made beside one of the database, which it
then names. Else its seal is empty: its keys are wrapped each by itself, and whether one
is missing is seen beside a database alone.
"""

import base64
import hashlib
import json
import struct
import tarfile
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Self

from placement.crypto.files import private_file
from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import context
from placement.errors import TamperedError
from placement.store.copying import Kind
from placement.store.head import Head
from placement.store.schema import SCHEMA

FORMAT: Final = "placement backup 1"
NAMES: Final = ("manifest.json", "seal", "copy.db")
_MOST: Final = 1 << 16  # bytes of manifest or seal
_PIECE: Final = 1 << 20  # bytes
_EPOCH: Final = struct.Struct(">I")
_NUMBERS: Final = {"revision", "leaves", "size", "schema"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is.

    Attributes:
        kind: ``database`` or ``keys``.
        made: when, ISO 8601 in UTC.
        origin: of the log.
        revision: of the database; of keys, that which they are enough for.
        leaves: of its access log.
        root: of the tree over them, base64.
        checkpoint: the newest one in it, as a signed note; empty before the first.
        size: of the copy, in bytes.
        digest: SHA-256 of the copy, hex.
        beside: of keys, the digest of the copy of the database that was read with
            them; empty if none was.
        format: of the file.
        schema: of the database.
    """

    kind: str
    made: str
    origin: str
    revision: int
    leaves: int
    root: str
    checkpoint: str
    size: int
    digest: str
    beside: str = ""
    format: str = FORMAT
    schema: int = SCHEMA

    def render(self) -> bytes:
        """Return the bytes."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read what ``render`` returned.

        Raises:
            TamperedError: it is nothing of the kind.
        """
        try:
            found = cls(**json.loads(content))
        except (TypeError, ValueError, RecursionError) as error:
            raise unreadable() from error
        sound = all(
            type(value) is (int if name in _NUMBERS else str)
            for name, value in asdict(found).items()
        )
        if not sound or found.render() != content:
            raise unreadable()
        return found

    def require(self, kind: Kind, origin: str) -> None:
        """Refuse the backup of something else.

        Raises:
            TamperedError: it is.
        """
        if self.format != FORMAT or self.schema != SCHEMA:
            raise TamperedError().because("The backup is of another release.")
        if self.kind != kind:
            other = ", but of the other: are --database and --keys swapped?"
            raise TamperedError().because(
                f"The file is no backup of the {_SAID[kind]}"
                + (other if self.kind in set(Kind) else ".")
            )
        if self.origin != origin:
            raise TamperedError().because("The backup is of another log.")

    def require_head(self, head: Head) -> None:
        """Refuse a database that is not the one that was backed up.

        Raises:
            TamperedError: it is not.
        """
        if (self.revision, self.leaves, self.root) != ends(head):
            raise TamperedError().because("The manifest is not of this database.")


_SAID: Final = {Kind.DATABASE: "database", Kind.KEYS: "key store"}


def describe(  # noqa: PLR0913 (a manifest's fields)
    kind: Kind,
    copy: Path,
    head: Head,
    *,
    made: str,
    origin: str,
    checkpoint: bytes,
    beside: str,
) -> Manifest:
    """Make the manifest of a copy."""
    revision, leaves, root = ends(head)
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(
        kind=kind.value,
        made=made,
        origin=origin,
        revision=revision,
        leaves=leaves,
        root=root,
        checkpoint=checkpoint.decode(),
        size=copy.stat().st_size,
        digest=digest,
        beside=beside,
    )


def ends_of(path: Path) -> tuple[int, int, str]:
    """Return what the manifest of a file says of where the log ends.

    Raises:
        OSError: it can't be read.
        TamperedError: it is no backup of a database.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            told = Manifest.parse(_small(tar, NAMES[0]))
    except tarfile.TarError as error:
        raise unreadable() from error
    told.require(Kind.DATABASE, told.origin)
    return told.revision, told.leaves, told.root


def seal(ring: KeyRing, owner: bytes, manifest: bytes) -> bytes:
    """Seal a manifest, by the keys and in the context of a store."""
    epoch, sealer = ring.active(Purpose.HEAD)
    blob = sealer.seal(b"", context=_place(owner, epoch, manifest))
    return _EPOCH.pack(epoch) + blob


def require_sealed(ring: KeyRing, owner: bytes, manifest: bytes, seal: bytes) -> None:
    """Refuse a manifest that no server of this store has sealed.

    Raises:
        TamperedError: it is another store's, or was altered.
    """
    if len(seal) < _EPOCH.size:
        raise TamperedError().because("The manifest is not sealed.")
    (epoch,) = _EPOCH.unpack_from(seal)
    try:
        sealer = ring.sealer(Purpose.HEAD, epoch)
        sealer.open(seal[_EPOCH.size :], context=_place(owner, epoch, manifest))
    except TamperedError as error:
        raise TamperedError().because("The manifest was altered.") from error


def pack(file: IO[bytes], manifest: bytes, seal: bytes, copy: Path) -> None:
    """Write the file of a backup."""
    with (
        tarfile.open(fileobj=file, mode="w:") as tar,
        copy.open("rb") as content,
    ):
        for name, part in zip(NAMES, (manifest, seal), strict=False):
            tar.addfile(_member(name, len(part)), BytesIO(part))
        tar.addfile(_member(NAMES[2], copy.stat().st_size), content)


def unpack(file: IO[bytes], copy: Path) -> tuple[bytes, bytes]:
    """Read the file of a backup; its copy is on the disk when this returns.

    Args:
        file: of the backup.
        copy: a new file, for the copy.

    Returns:
        Manifest and seal.

    Raises:
        TamperedError: it is none, or was cut or altered.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            manifest, sealed = (_small(tar, name) for name in NAMES[:2])
            told = Manifest.parse(manifest)
            _large(tar, told, copy)
            if tar.next() is not None:
                raise unreadable()
    except tarfile.TarError as error:
        raise unreadable() from error
    return manifest, sealed


def root_of(head: Head) -> str:
    """Return the root of the tree over the leaves, base64, as a checkpoint has it."""
    return base64.b64encode(head.tree.root()).decode()


def unreadable() -> TamperedError:
    """Make the error of a file that was cut or altered."""
    return TamperedError().because("The file is no backup, or was cut or altered.")


def _small(tar: tarfile.TarFile, name: str) -> bytes:
    member, file = _next(tar, name)
    if member.size > _MOST:
        raise unreadable()
    return file.read()


def _large(tar: tarfile.TarFile, told: Manifest, copy: Path) -> None:
    """Write the copy, and hold it against the manifest.

    Raises:
        TamperedError: it is another.
    """
    member, file = _next(tar, NAMES[2])
    if member.size != told.size:
        raise unreadable()
    digest = sha256()
    with private_file(copy) as made:
        while piece := file.read(_PIECE):
            digest.update(piece)
            made.write(piece)
    if digest.hexdigest() != told.digest:
        raise unreadable()


def _next(tar: tarfile.TarFile, name: str) -> tuple[tarfile.TarInfo, IO[bytes]]:
    member, file = tar.next(), None
    if member is not None and member.name == name and member.isreg():
        file = tar.extractfile(member)
    if member is None or file is None:
        raise unreadable()
    return member, file


def _member(name: str, size: int) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size = size
    found.mode = 0o600
    return found


def ends(head: Head) -> tuple[int, int, str]:
    """Return revision, number of leaves and root, as a manifest has them."""
    return head.revision, head.leaves, root_of(head)


def _place(owner: bytes, epoch: int, manifest: bytes) -> bytes:
    return owner + context(b"backup", epoch, sha256(manifest).digest())
