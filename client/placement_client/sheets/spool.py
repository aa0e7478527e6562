"""What is being sent, on this machine's disk, so that a crash loses nothing.

Before the first call, all rows of a plan are in one file, readable by its owner only::

    imports/PLAN.rows    "placement-rows-v1", a line feed, request id (16), number of
                         rows (4), then each row: its number in the sheet (4), its
                         length (4), it
    imports/PLAN.id      the import's id, in hex, once the service gave one

Numbers are big-endian. Rows name groups by their tokens: there is no name in them. The
request id begins the import; the same one begins the same import, so nothing has to be
known but this file to go on.

Invariants:
    * the file is whole before anything is sent, or it is not there;
    * it is never changed afterwards.
"""

import os
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from google.protobuf.message import DecodeError

from placement.api.v1.import_service_pb2 import ImportRow
from placement.errors import InvalidInputError, NotFoundError
from placement_client.sheets.planning import Plan

_MAGIC: Final = b"placement-rows-v1\n"
_HEAD: Final = struct.Struct(f">{len(_MAGIC)}s16sI")
_ROW: Final = struct.Struct(">II")
_NAME: Final = 32  # hex digits of a plan in the name of its files
REMOVED: Final = "Its rows were removed from this machine."
"""Said when rows that lay here have nothing to wait for any more."""
_DAMAGED: Final = "was damaged; make the dry run and the commit again"


@dataclass(frozen=True, slots=True)
class Spool:
    """The rows of one plan, as they are sent.

    Attributes:
        path: where they lie.
        request_id: 16 bytes; begins the import.
        numbers: of the rows in the sheet.
        rows: they.
    """

    path: Path
    request_id: bytes
    numbers: Sequence[int]
    rows: Sequence[ImportRow]

    @classmethod
    def of(cls, folder: Path, plan: Plan) -> Self:
        """Return the spool of a plan: the one that is there, or a new one.

        Raises:
            InvalidInputError: it can't be written, or is damaged.
        """
        path = folder / f"{plan.digest.hex()[:_NAME]}.rows"
        if not path.exists():
            _write(path, plan)
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a spool.

        Raises:
            InvalidInputError: it can't be read, or is damaged.
        """
        try:
            content = path.read_bytes()
            magic, request_id, count = _HEAD.unpack_from(content)
            numbers, rows, at = [], [], _HEAD.size
            for _ in range(count):
                number, length = _ROW.unpack_from(content, at)
                at += _ROW.size + length
                numbers.append(number)
                rows.append(ImportRow.FromString(content[at - length : at]))
        except OSError as error:
            raise InvalidInputError("import", "can't be read") from error
        except (struct.error, DecodeError) as error:
            raise InvalidInputError("import", _DAMAGED) from error
        if magic != _MAGIC or at != len(content):
            raise InvalidInputError("import", _DAMAGED)
        return cls(path, request_id, numbers, rows)

    @classmethod
    def find(cls, folder: Path, import_id: bytes) -> Self:
        """Return the spool of an import.

        Raises:
            NotFoundError: there is none on this machine.
            InvalidInputError: it can't be read, or is damaged.
        """
        for path in sorted(folder.glob("*.id")):
            if path.read_text("ascii", errors="replace") == import_id.hex():
                return cls.read(path.with_suffix(".rows"))
        raise NotFoundError

    def note(self, import_id: bytes) -> None:
        """Remember which import these rows became.

        Raises:
            InvalidInputError: it can't be written.
        """
        _replace(self.path.with_suffix(".id"), import_id.hex().encode())

    def drop(self) -> None:
        """Forget the rows; the service has them, or will never take them."""
        for path in (self.path.with_suffix(".id"), self.path):
            path.unlink(missing_ok=True)


def _write(path: Path, plan: Plan) -> None:
    parts = [b""]
    for each in plan.sent():
        row = b"" if each.row is None else each.row.SerializeToString()
        parts += (_ROW.pack(each.number, len(row)), row)
    count = len(parts) // 2
    parts[0] = _HEAD.pack(_MAGIC, secrets.token_bytes(16), count)
    _replace(path, b"".join(parts))


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file in its place, durably, readable by its owner only.

    Raises:
        InvalidInputError: it can't be written.
    """
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise InvalidInputError("import", "can't be kept on this machine") from error
