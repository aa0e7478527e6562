"""A disk that fails on cue, under the very SQLite that the service uses.

SQLite reaches files through a *VFS*, a table of C functions that a program may replace.
Here ``ctypes`` does: it loads the same shared library that the ``sqlite3`` module is
linked to, copies the table of the usual VFS, and puts itself before ``xOpen``,
``xRead``, ``xWrite``, ``xTruncate``, ``xSync`` and ``xDelete``. Everything else stays
the usual VFS's own: locks, shared memory, paths. So what is tested is the service's own
driver, and no stand-in.

The disk keeps what was written and not yet made durable. A *power cut* then lets any
subset of that stand: whole writes dropped, others torn between sectors, sectors filled
with something else. What was made durable stands, unless the disk lied.
"""

import ctypes as c
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

SECTOR: Final = 512
OK, FULL, CANTOPEN = 0, 13, 14
IOERR: Final = 10
READ, SHORT_READ, WRITE, FSYNC, TRUNCATE, DELETE = (
    IOERR | number << 8 for number in (1, 2, 3, 4, 6, 10)
)
_READWRITE, _CREATE, _READONLY = 2, 4, 1

_FILE = c.c_void_p
_LONG = c.c_int64
_CloseCall = c.CFUNCTYPE(c.c_int, _FILE)
_ReadCall = c.CFUNCTYPE(c.c_int, _FILE, c.c_void_p, c.c_int, _LONG)
_WriteCall = c.CFUNCTYPE(c.c_int, _FILE, c.c_void_p, c.c_int, _LONG)
_TruncateCall = c.CFUNCTYPE(c.c_int, _FILE, _LONG)
_SyncCall = c.CFUNCTYPE(c.c_int, _FILE, c.c_int)
_FileSizeCall = c.CFUNCTYPE(c.c_int, _FILE, c.POINTER(_LONG))
_OpenCall = c.CFUNCTYPE(
    c.c_int, c.c_void_p, c.c_void_p, _FILE, c.c_int, c.POINTER(c.c_int)
)
_DeleteCall = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.c_int)


class _Methods(c.Structure):
    """``sqlite3_io_methods``, version 3."""

    _fields_ = (
        ("version", c.c_int),
        ("close", _CloseCall),
        ("read", _ReadCall),
        ("write", _WriteCall),
        ("truncate", _TruncateCall),
        ("sync", _SyncCall),
        ("file_size", _FileSizeCall),
        *((f"rest{number}", c.c_void_p) for number in range(12)),
    )


class _File(c.Structure):
    """``sqlite3_file``."""

    _fields_ = (("methods", c.POINTER(_Methods)),)


class _Vfs(c.Structure):
    """``sqlite3_vfs``, as far as it is touched; the rest is copied."""

    _fields_ = (
        ("version", c.c_int),
        ("file_size", c.c_int),
        ("max_path", c.c_int),
        ("next", c.c_void_p),
        ("name", c.c_char_p),
        ("data", c.c_void_p),
        ("open", _OpenCall),
        ("delete", _DeleteCall),
        *((f"rest{number}", c.c_void_p) for number in range(14)),
    )


class Kind(StrEnum):
    """What goes wrong."""

    TORN = "torn writes"
    LOST = "lost fsync"
    FULL = "full disk"
    EIO = "EIO"
    READ_ONLY = "read-only"


@dataclass(slots=True)
class _Change:
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
    _pending: dict[str, list[_Change]] = field(default_factory=dict)

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

    def _left_of(self, content: bytes, changes: list[_Change]) -> bytes:
        for change in reversed(changes):
            content = _undone(content, change)
        for change in changes:
            if change.durable:
                content = _redone(content, change)
            else:
                content = self._perhaps(content, change)
        return content

    def _perhaps(self, content: bytes, change: _Change) -> bytes:
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

    def changed(self, name: str, change: _Change) -> None:
        self._pending.setdefault(name, []).append(change)

    def named(self, file: int, name: str) -> None:
        self._names[file] = name

    def name_of(self, file: int) -> str:
        return self._names[file]


def _put(content: bytes, offset: int, piece: bytes) -> bytes:
    padded = content.ljust(offset, b"\0")
    return padded[:offset] + piece + padded[offset + len(piece) :]


def _redone(content: bytes, change: _Change) -> bytes:
    if change.cut:
        return content[: change.offset]
    return _put(content, change.offset, change.after)


def _undone(content: bytes, change: _Change) -> bytes:
    return _put(content, change.offset, change.before)[: change.size].ljust(
        change.size, b"\0"
    )


class _Shim:
    """The VFS that asks a disk first."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._library = _library()
        find, self._register, self._unregister = (
            getattr(self._library, f"sqlite3_vfs_{name}")
            for name in ("find", "register", "unregister")
        )
        find.restype = c.POINTER(_Vfs)
        find.argtypes = (c.c_char_p,)
        self._usual = find(None)
        self.vfs = _Vfs()
        c.memmove(c.byref(self.vfs), self._usual, c.sizeof(_Vfs))
        self.vfs.name = b"failing"
        self.vfs.next = None
        # Whatever C calls must be kept as long as it may.
        self._open, self._delete = _OpenCall(self._opened), _DeleteCall(self._deleted)
        self.vfs.open, self.vfs.delete = self._open, self._delete
        self._tables: dict[int, tuple[_Methods, Any]] = {}

    def put_in(self) -> None:
        assert self._register(c.byref(self.vfs), 1) == OK

    def take_out(self) -> None:
        assert self._unregister(c.byref(self.vfs)) == OK
        assert self._register(self._usual, 1) == OK

    def _opened(self, vfs: int, name: int, file: int, flags: int, out: Any) -> int:
        # The name is passed on as the pointer that it is: the usual VFS keeps it.
        allowed = self._disk.opening(flags)
        if allowed is None:
            return CANTOPEN
        code: int = self._usual.contents.open(vfs, name, file, allowed, out)
        if code == OK and name:
            methods = c.cast(file, c.POINTER(_File)).contents
            methods.methods = c.pointer(self._table(methods.methods))
            self._disk.named(file, c.string_at(name).decode())
        return code

    def _table(self, usual: Any) -> _Methods:
        """Return the methods of files, those that matter replaced."""
        key = c.cast(usual, c.c_void_p).value or 0
        if key not in self._tables:
            made = _Methods()
            c.memmove(c.byref(made), usual, c.sizeof(_Methods))
            calls = _Calls(self._disk, _Methods.from_address(key))
            made.read, made.write = _ReadCall(calls.read), _WriteCall(calls.write)
            made.truncate, made.sync = (
                _TruncateCall(calls.truncate),
                _SyncCall(calls.sync),
            )
            self._tables[key] = (made, calls)
        return self._tables[key][0]

    def _deleted(self, vfs: int, name: bytes, sync: int) -> int:
        code = self._disk.deleting()
        if code != OK:
            return code
        self._disk._pending.pop(name.decode(), None)
        done: int = self._usual.contents.delete(vfs, name, sync)
        return done


class _Calls:
    """What is called instead of the usual methods of a file."""

    def __init__(self, disk: Disk, usual: _Methods) -> None:
        self._disk = disk
        self._usual = usual

    def read(self, file: int, into: int, count: int, offset: int) -> int:
        return self._disk.reading() or self._usual.read(file, into, count, offset)

    def write(self, file: int, source: int, count: int, offset: int) -> int:
        code = self._disk.writing()
        if code != OK:
            return code
        self._note(file, offset, c.string_at(source, count))
        done: int = self._usual.write(file, source, count, offset)
        return done

    def truncate(self, file: int, size: int) -> int:
        code = self._disk.writing()
        if code != OK:
            return code
        self._note(file, size, b"", cut=True)
        done: int = self._usual.truncate(file, size)
        return done

    def sync(self, file: int, flags: int) -> int:
        code, done = self._disk.syncing(self._disk.name_of(file))
        return self._usual.sync(file, flags) if done else code

    def _note(self, file: int, offset: int, after: bytes, *, cut: bool = False) -> None:
        """Keep what stood there, so that it can be undone."""
        size = _LONG()
        assert self._usual.file_size(file, c.byref(size)) == OK
        count = (size.value - offset) if cut else min(len(after), size.value - offset)
        before = c.create_string_buffer(max(count, 0))
        if count > 0:
            code = self._usual.read(file, c.addressof(before), count, offset)
            assert code == OK
        change = _Change(offset, before.raw, after, size.value, cut)
        self._disk.changed(self._disk.name_of(file), change)


def _library() -> c.CDLL:
    """Return the SQLite that the ``sqlite3`` module is linked to.

    Raises:
        OSError: it is part of the module itself, or another one.
    """
    library = c.CDLL("libsqlite3.so.0")
    library.sqlite3_libversion.restype = c.c_char_p
    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        raise OSError("the sqlite3 module has another SQLite")
    return library


_SHIMS: Final[list[_Shim]] = []
"""All there ever were: SQLite calls what was opened through one, whoever closes it when."""


@contextmanager
def failing(disk: Disk) -> Iterator[Disk]:
    """Open all SQLite files on a disk until the block ends.

    Raises:
        OSError: this Python's SQLite can't be reached.
    """
    shim = _Shim(disk)
    _SHIMS.append(shim)
    shim.put_in()
    try:
        yield disk
    finally:
        shim.take_out()
