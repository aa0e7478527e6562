"""A disk that fails on cue: what becomes of reads, writes, syncs and power cuts.

The disk keeps what was written and not yet made durable. A *power cut* then lets any
subset of that stand: whole writes dropped, others torn between sectors, sectors filled
with something else. What was made durable stands, unless the disk lied. How it comes
under SQLite is in ``vfs.py``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

SECTOR: Final = 512
OK, FULL, CANTOPEN = 0, 13, 14
IOERR: Final = 10
READ, SHORT_READ, WRITE, FSYNC, TRUNCATE, DELETE = (
    IOERR | number << 8 for number in (1, 2, 3, 4, 6, 10)
)
_READWRITE, _CREATE, _READONLY = 2, 4, 1


class Kind(StrEnum):
    """What goes wrong."""

    TORN = "torn writes"
    LOST = "lost fsync"
    FULL = "full disk"
    EIO = "EIO"
    READ_ONLY = "read-only"


@dataclass(slots=True)
class Change:
    """A write, or a truncation, that is not durable yet."""

    offset: int
    before: bytes
    after: bytes
    size: int  # of the file before
    cut: bool = False
    durable: bool = False
    lost: bool = False  # a sync failed on it; no later one brings it back


@dataclass(slots=True)
class Disk:
    """All files that are opened while it is in.

    Attributes:
        chance: says what becomes of what is not durable.
        kind, due, lasts: what will go wrong, from which call on, for how many.
        calls: how many reads, writes, truncations and syncs there were.
        fails: what goes wrong now, if anything.
        last: the call before which the power is cut, if it is.
        off: the power is cut: nothing works any more.
        hits: how often something went wrong.
    """

    chance: Random
    due: int = -1
    kind: Kind | None = None
    lasts: int = 1
    last: int = -1
    calls: int = 0
    fails: Kind | None = None
    off: bool = False
    hits: int = 0
    _left: int = 0
    _names: dict[int, str] = field(default_factory=dict)
    _pending: dict[str, list[Change]] = field(default_factory=dict)

    def arm(self, kind: Kind, after: int, lasts: int, cut: int = -1) -> None:
        """Let something go wrong.

        Args:
            kind: what.
            after: from this call on, counted from now.
            lasts: for so many calls.
            cut: cut the power before this call, counted from now; not if negative.
        """
        self.kind, self.due, self.lasts = kind, self.calls + after, lasts
        self.last = self.calls + cut if cut >= 0 else -1

    def mend(self) -> None:
        """Let everything work again."""
        self.kind, self.fails, self.due, self.last, self._left = None, None, -1, -1, 0

    def settle(self) -> None:
        """Let everything stand that was written: no power was cut."""
        self._pending.clear()
        self._names.clear()
        self.mend()

    def cut(self) -> None:
        """Cut the power."""
        self.off = True

    def wake(self) -> None:
        """Leave on the files what a power cut leaves, once nobody has them open."""
        for name, changes in self._pending.items():
            path = Path(name)
            if path.exists():
                path.write_bytes(self._left_of(path.read_bytes(), changes))
            path.with_name(path.name.removesuffix("-wal") + "-shm").unlink(
                missing_ok=True
            )
        self._pending.clear()
        self._names.clear()
        self.mend()
        self.off = False

    def _left_of(self, content: bytes, changes: list[Change]) -> bytes:
        for change in reversed(changes):
            content = _undone(content, change)
        for change in changes:
            if change.durable:
                content = _redone(content, change)
            else:
                content = self._perhaps(content, change)
        return content

    def _perhaps(self, content: bytes, change: Change) -> bytes:
        """Do a change again, or a part of it, or none."""
        luck = self.chance.random()
        if luck < 0.35:
            return content
        if change.cut or luck < 0.7:
            return _redone(content, change)
        for start in range(0, len(change.after), SECTOR):
            sector = change.after[start : start + SECTOR]
            fate = self.chance.random()
            if fate < 0.1:
                sector = self.chance.randbytes(len(sector))
            if fate < 0.6:
                content = _put(content, change.offset + start, sector)
        return content

    # What the calls come to

    def _trip(self) -> Kind | None:
        """Count a call; return what goes wrong with it."""
        self.calls += 1
        if self.calls >= self.last >= 0:
            self.hits += 1
            self.cut()
        if self.off:
            return None
        if self.kind is not None and self.calls >= self.due >= 0:
            self.fails, self._left, self.due = self.kind, self.lasts, -1
        if self.fails is None:
            return None
        if self._left == 0:
            self.fails = None
            return None
        self._left -= 1
        return self.fails

    def opening(self, flags: int) -> int | None:
        """Return the flags that a file is opened with, or nothing if it can't be."""
        if self.off:
            return None
        if self.fails is Kind.READ_ONLY and flags & _READWRITE:
            self.hits += 1
            return flags & ~(_READWRITE | _CREATE) | _READONLY
        return flags

    def reading(self) -> int:
        found = None if self.off else self._trip()
        if self.off:
            return READ
        if found is Kind.EIO:
            self.hits += 1
            return READ
        return OK

    def writing(self) -> int:
        found = None if self.off else self._trip()
        if self.off:
            return WRITE
        match found:
            case Kind.FULL:
                self.hits += 1
                return FULL
            case Kind.EIO | Kind.READ_ONLY:
                self.hits += 1
                return WRITE
        return OK

    def syncing(self, name: str) -> tuple[int, bool]:
        """Return what a sync comes to, and whether it is really done."""
        found = None if self.off else self._trip()
        if self.off:
            return FSYNC, False
        match found:
            case Kind.LOST:
                self.hits += 1
                return OK, False
            case Kind.EIO | Kind.READ_ONLY:
                self.hits += 1
                for change in self._pending.get(name, ()):
                    change.lost = True
                return FSYNC, False
        self._synced(name)
        return OK, True

    def _synced(self, name: str) -> None:
        changes = self._pending.get(name, [])
        for change in changes:
            change.durable = not change.lost
        if all(change.durable for change in changes):
            self._pending.pop(name, None)

    def deleting(self) -> int:
        if self.off or self.fails is Kind.READ_ONLY:
            return DELETE
        return OK

    def deleted(self, name: str) -> None:
        self._pending.pop(name, None)

    def changed(self, name: str, change: Change) -> None:
        self._pending.setdefault(name, []).append(change)

    def named(self, file: int, name: str) -> None:
        self._names[file] = name

    def name_of(self, file: int) -> str:
        return self._names[file]


def _put(content: bytes, offset: int, piece: bytes) -> bytes:
    padded = content.ljust(offset, b"\0")
    return padded[:offset] + piece + padded[offset + len(piece) :]


def _redone(content: bytes, change: Change) -> bytes:
    if change.cut:
        return content[: change.offset]
    return _put(content, change.offset, change.after)


def _undone(content: bytes, change: Change) -> bytes:
    return _put(content, change.offset, change.before)[: change.size].ljust(
        change.size, b"\0"
    )
