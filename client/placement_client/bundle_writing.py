"""An export as it comes over the wire, verified piece by piece, into one file.

Invariants:
    * nothing is written under the file's name before all of it verified, and was found
      to be what was asked for;
    * memory does not grow with the number of entries.
"""

import io
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from placement.api.v1.audit_service_pb2 import (
    EntryFilter,
    ExportEnd,
    ExportEntriesResponse,
    ExportHead,
)
from placement.audit.checkpoint import Checkpoint
from placement.audit.span import After, Span, close, follow
from placement.crypto.documents import alone, sign
from placement.errors import InvalidInputError, TamperedError
from placement_client.archive import Member, Packing, assemble
from placement_client.bundle import (
    LAYOUT,
    Listed,
    Manifest,
    readme,
    render_keys,
    render_span,
)
from placement_client.credentials import Holder
from placement_client.filters import written
from placement_client.frames import Leaf, Transcript
from placement_client.matching import Asked
from placement_client.trust import FILE_MODE, Policy

Told: TypeAlias = Callable[[int, int], None]
"""(done, total): how many leaves have been looked at."""

EVERY: Final = 1000
"""Leaves between two reports of how far it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Who exports, and what for.

    Attributes:
        holder: as the certificate names them.
        certificate: PEM.
        key: its private key, PEM.
        policy: the pinned keys of the log.
        exported_at: microseconds since 1970-01-01T00:00Z.
        purpose: why the log was read, as a word.
        matter: the number that it is for.
        filter: what was asked for.
    """

    holder: Holder
    certificate: bytes
    key: bytes = field(repr=False)
    policy: Policy
    exported_at: int
    purpose: str
    matter: str
    filter: EntryFilter = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was exported.

    Attributes:
        manifest: the bundle's.
        span: where its leaves stand.
        shown: how many of them are shown.
        erased: how many of those have no details any more.
    """

    manifest: Manifest
    span: Span
    shown: int
    erased: int


def require_new(path: Path) -> None:
    """Refuse a path where no new file can be made.

    Raises:
        InvalidInputError: there is something, or no folder.
    """
    if path.exists() or path.is_symlink():
        raise InvalidInputError("out", "exists already; nothing is overwritten")
    if not path.parent.is_dir():
        raise InvalidInputError("out", "must stand in a folder that exists")


def write(
    path: Path,
    pieces: Iterable[ExportEntriesResponse],
    exporter: Exporter,
    accept: Callable[[bytes], Checkpoint],
    *,
    told: Told,
) -> Taken:
    """Write a bundle.

    Args:
        path: where to; see ``require_new``.
        pieces: from the server; nothing of them is trusted.
        exporter: signs it.
        accept: verifies the note and returns its checkpoint.
        told: learns how far it has come.

    Raises:
        TamperedError: the pieces do not verify, or are not an export of what was asked
            for.
        InvalidInputError: the file can't be written.
        PlacementError: the call failed.
    """
    incoming = _Incoming(pieces)
    checkpoint = accept(incoming.head.note)
    asked, head = Asked(exporter.filter), incoming.head
    asked.require_span(head.first, head.count, checkpoint.size)
    try:
        with ExitStack() as opened:
            bins = [
                Packing(name, _scratch(opened, path), deflated=True)
                for name, deflated in LAYOUT.items()
                if deflated
            ]
            transcript = Transcript(head.first, asked)
            leaves = _leaves(incoming, transcript, bins, told)
            before = tuple(head.before)
            edge = follow(head.first, before, head.count, leaves)
            close(edge, incoming.after, checkpoint.size, checkpoint.root)
            span = Span(head.first, before, head.count, incoming.after)
            small = {"checkpoint.note": head.note, "span.json": render_span(span)}
            manifest = _finish(path, bins, small, exporter, checkpoint)
    except OSError as error:
        raise InvalidInputError("out", "can't be written") from error
    return Taken(manifest, span, transcript.shown, transcript.erased)


class _Incoming:
    """The pieces of an export in their order: a head, leaves, an end.

    Attributes:
        head: the first piece.
        after: what stands behind the leaves; known once they are read.

    Raises:
        TamperedError: there is no head.
    """

    def __init__(self, pieces: Iterable[ExportEntriesResponse]) -> None:
        self._pieces = iter(pieces)
        self.head = self._head()
        self.after: After = ()

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves, and take the end behind them.

        Raises:
            TamperedError: pieces are missing, out of order, or too many.
        """
        for piece in self._pieces:
            match piece.WhichOneof("piece"):
                case "leaves":
                    yield from map(Leaf.of, piece.leaves.leaves)
                case "end":
                    self._end(piece.end)
                    return
                case _:
                    raise TamperedError
        raise TamperedError

    def _head(self) -> ExportHead:
        first = next(self._pieces, None)
        if first is None or first.WhichOneof("piece") != "head":
            raise TamperedError
        return first.head

    def _end(self, end: ExportEnd) -> None:
        self.after = tuple((each.level, each.hash) for each in end.after)
        if next(self._pieces, None) is not None:
            raise TamperedError


def _leaves(
    incoming: _Incoming, transcript: Transcript, bins: list[Packing], told: Told
) -> Iterator[bytes]:
    """Write the leaves down and yield their hashes.

    Raises:
        TamperedError: one can't be read, is older than the one before, does not fit
            the filter, or is hidden though nothing was to be; or there are more than
            the head said.
    """
    frames, lines = bins
    count = incoming.head.count
    for done, leaf in enumerate(incoming.leaves(), 1):
        if done > count:
            raise TamperedError
        frames.write(leaf.frame())
        found = leaf.hash
        lines.write(transcript.line(leaf, found))
        transcript.require_sound()
        if not done % EVERY or done == count:
            told(done, count)
        yield found


def _scratch(opened: ExitStack, path: Path) -> BinaryIO:
    """Return a nameless file beside a path, where there is room for it."""
    return opened.enter_context(tempfile.TemporaryFile(dir=path.parent))


def _finish(
    path: Path,
    bins: list[Packing],
    small: dict[str, bytes],
    exporter: Exporter,
    checkpoint: Checkpoint,
) -> Manifest:
    """Add what stands beside the entries, sign it, and put the file in its place."""
    small |= {
        "README.txt": readme(),
        "keys.txt": render_keys(exporter.policy),
        "certificate.pem": alone(exporter.certificate),
    }
    packings = {each.name: each for each in bins}
    packings |= {name: _stored(name, content) for name, content in small.items()}
    members = {each.name: each.finish() for each in packings.values()}
    manifest = Manifest(
        origin=checkpoint.origin,
        size=checkpoint.size,
        exporter=exporter.holder,
        exported_at=exporter.exported_at,
        purpose=exporter.purpose,
        matter=exporter.matter,
        filter=written(exporter.filter),
        members={name: Listed.of(members[name]) for name in LAYOUT if name in members},
    )
    signed = manifest.render()
    signature = sign(signed, exporter.certificate, exporter.key)
    for name, content in {"manifest.json": signed, "manifest.sig": signature}.items():
        packings[name] = _stored(name, content)
        members[name] = packings[name].finish()
    _put(path, {members[name]: packings[name].file for name in LAYOUT})
    return manifest


def _stored(name: str, content: bytes) -> Packing:
    packing = Packing(name, io.BytesIO(), deflated=False)
    packing.write(content)
    return packing


def _put(path: Path, members: Mapping[Member, BinaryIO]) -> None:
    """Write the file beside its place, whole and on the disk, and move it there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    number = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(number, "wb") as file:
            assemble(file, members)
            file.flush()
            os.fsync(file.fileno())
        require_new(path)
        # No hard link: what is taken along may go to a stick that knows none.
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
