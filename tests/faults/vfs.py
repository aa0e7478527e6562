"""A disk of the test's own, put under the very SQLite that the service uses.

SQLite reaches files through a *VFS*, a table of C functions that a program may replace.
Here ``ctypes`` does: it loads the same shared library that the ``sqlite3`` module is
linked to, copies the table of the usual VFS, and puts itself before ``xOpen``,
``xRead``, ``xWrite``, ``xTruncate``, ``xSync`` and ``xDelete``. Everything else stays
the usual VFS's own: locks, shared memory, paths. So what is tested is the service's own
driver, and no stand-in.
"""

import ctypes as c
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.faults.disk import CANTOPEN, OK, Change, Disk

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
        self._disk.deleted(name.decode())
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
        change = Change(offset, before.raw, after, size.value, cut)
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
