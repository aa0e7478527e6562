"""Look for keys that should be gone: in files, and in the memory of a process.

What is looked for is a *trace*: the first bytes of a key, and a hash over all of it. So
whoever looks does not hold what it hopes not to find. What must be there is looked for,
too, or nobody would know a search that is blind from one that finds nothing.

Memory is read through ``/proc/PID/mem``, which Linux alone has, and which lets nobody
look at a server in the production profile but an administrator of the machine.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, Self

from placement.config import Settings
from placement.errors import UnavailableError
from placement.ops.bar import Bar
from placement.store.copying import file_of
from placement.store.keystore import beside

_START: Final = 8  # bytes of a trace that are looked for first
_PIECE: Final = 1 << 22  # bytes at once
_PASSES: Final = 5
_PROC: Final = Path("/proc")
_KERNELS: Final = frozenset({"[vvar]", "[vvar_vclock]", "[vsyscall]"})
_MEMORIES: Final = ("/dev/shm/", "/dev/zero")  # noqa: S108 (nothing is put there)
_JOURNALS: Final = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Trace:
    """What shows that some bytes are there.

    Attributes:
        what: they are, for operators.
        start: the first of them.
        size: how many there are.
        digest: SHA-256 over all of them.
    """

    what: str
    start: bytes
    size: int
    digest: bytes

    @classmethod
    def of(cls, what: str, secret: bytes) -> Self:
        """Take the trace of some bytes.

        Secret: secret
        """
        return cls(what, secret[:_START], len(secret), sha256(secret).digest())

    def within(self, content: bytes) -> bool:
        """Tell whether the bytes are in others."""
        at = content.find(self.start)
        while at >= 0:
            if sha256(content[at : at + self.size]).digest() == self.digest:
                return True
            at = content.find(self.start, at + 1)
        return False


def in_file(path: Path, traces: Iterable[Trace]) -> set[Trace]:
    """Return what a file has of some traces.

    Raises:
        OSError: it can't be read.
    """
    wanted, found = list(traces), set[Trace]()
    with path.open("rb") as file, suppress(EOFError):  # cut since: it has no more
        _look(file, 0, path.stat().st_size, wanted, found)
    return found


def in_memory(process: int, traces: Iterable[Trace]) -> set[Trace]:
    """Return what the memory of a process has of some traces.

    Memory comes and goes while it is read; so one pass has to reach all there is.

    Raises:
        UnavailableError: it can't be read, or not all of it; a note says why.
    """
    wanted, found, unread = list(traces), set[Trace](), 0
    place = _PROC / str(process)
    try:
        for _ in range(_PASSES):
            unread = _pass(place, wanted, found)
            if not unread:
                return found
    except OSError as error:
        raise _unreadable(process, error) from error
    raise UnavailableError().because(
        f"NOT SCANNED: {unread} parts of the memory of process {process} could not be"
        " read. Run it again; if that stays, end the server: its memory goes with it."
    )


def files_of(settings: Settings, folder: Path) -> list[Path]:
    """Return every file of a store that there is, and all in the folder of its settings.

    Raises:
        UnavailableError: the URL of a database can't be used.
    """
    named = {*settings.anchors, settings.log_key, settings.custodian_key}
    named.add(settings.store_key)
    for url in (settings.database, settings.keys or beside(settings.database)):
        path = file_of(url)
        if path is not None:
            named |= {path.with_name(path.name + end) for end in _JOURNALS}
    named |= set(folder.rglob("*"))
    return sorted({path.resolve() for path in named if path.is_file()})


def require_none(
    files: Sequence[Path], gone: Iterable[Trace], stored: Iterable[Trace]
) -> None:
    """Look through files for what must not be there, and for what must be.

    Raises:
        OSError: one can't be read.
        UnavailableError: something is there, or what must be is not.
    """
    unwanted, wanted = set(gone), set(stored)
    seen: set[Trace] = set()
    with Bar("Scanning") as bar:
        for number, path in enumerate(files, 1):
            found = in_file(path, unwanted | wanted)
            if left := found & unwanted:
                raise there_is(left, str(path))
            seen |= found
            bar.show(number, len(files))
    if not wanted <= seen:
        raise UnavailableError().because(
            "NOT SCANNED: not even a key in use was found in the files. A PostgreSQL's"
            " are to be looked through where it runs."
        )


def there_is(found: Iterable[Trace], where: str) -> UnavailableError:
    """Make the error of what was found; where, and never what it is."""
    what = ", ".join(sorted({each.what for each in found}))
    return UnavailableError().because(
        f"FOUND in {where}: {what}. In the store they are destroyed."
    )


def _pass(place: Path, wanted: list[Trace], found: set[Trace]) -> int:
    """Look through a memory once; return how many regions could not be read wholly.

    Raises:
        OSError: none of it can be read, or there is none.
    """
    unread = 0
    regions = list(_readable(place / "maps"))
    if not regions:  # a process without memory is over
        raise OSError(errno.ESRCH, "it is over")
    with (place / "mem").open("rb", buffering=0) as memory:
        for first, end, device in regions:
            try:
                _look(memory, first, end, wanted, found)
            except (OSError, EOFError):
                unread += not device
    return unread


def _readable(maps: Path) -> Iterator[tuple[int, int, bool]]:
    """Yield where the readable parts of a memory begin and end, and if it is a device.

    What a device shows need not be memory. The kernel's own pages are left out: it gives
    them to nobody, and a program can't write there.
    """
    for line in maps.read_text("ascii", "replace").splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights.startswith("r") and not _KERNELS.intersection(name):
            first, _, end = place.partition("-")
            of = "".join(name)
            device = of.startswith("/dev/") and not of.startswith(_MEMORIES)
            yield int(first, 16), int(end, 16), device


def _look(
    file: IO[bytes], first: int, end: int, wanted: list[Trace], found: set[Trace]
) -> None:
    """Look for traces in a stretch, and add those that are there.

    Raises:
        EOFError: it ends before.
        OSError: it can't be read to its end.
    """
    for piece in _pieces(file, first, end, _overlap(wanted)):
        found.update(each for each in wanted if each.within(piece))


def _pieces(file: IO[bytes], first: int, end: int, overlap: int) -> Iterator[bytes]:
    """Read a stretch some at a time; what lies across two pieces is in one, too."""
    kept = b""
    while first < end:
        file.seek(first)
        piece = file.read(min(_PIECE, end - first))
        if not piece:
            raise EOFError
        first += len(piece)
        yield kept + piece
        kept = (kept + piece)[-overlap:]


def _overlap(wanted: Iterable[Trace]) -> int:
    return max((each.size for each in wanted), default=2) - 1


def _unreadable(process: int, error: OSError) -> UnavailableError:
    return UnavailableError().because(
        f"NOT SCANNED: the memory of process {process} can't be read"
        f" ({error.strerror}). It needs"
        " Linux, and root where the server runs in the production profile."
    )
