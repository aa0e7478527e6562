"""Look for keys that should be gone: in files, and in the memory of a process.

What is looked for is a *trace*: the first bytes of a key, and a hash over all of it. So
whoever looks does not hold what it hopes not to find. What must be there is looked for,
too, or nobody would know a search that is blind from one that finds nothing.

Memory is read through ``/proc/PID/mem``, which Linux alone has, and which lets nobody
look at a server in the production profile but an administrator of the machine.
"""

from collections.abc import Iterable, Iterator, Sequence
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
_PROC: Final = Path("/proc")
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
    wanted = list(traces)
    with path.open("rb") as file:
        size = path.stat().st_size
        return _found(_pieces(file, 0, size, _overlap(wanted)), wanted)


def in_memory(process: int, traces: Iterable[Trace]) -> set[Trace]:
    """Return what the memory of a process has of some traces.

    Raises:
        UnavailableError: it can't be read; a note says why.
    """
    wanted, found = list(traces), set[Trace]()
    place = _PROC / str(process)
    try:
        regions = list(_readable(place / "maps"))
        with (place / "mem").open("rb", buffering=0) as memory:
            for first, end in regions:
                found |= _found(_pieces(memory, first, end, _overlap(wanted)), wanted)
    except OSError as error:
        raise _unreadable(process, error) from error
    if not regions:  # a process without memory is over
        raise _unreadable(process, None)
    return found


def files_of(settings: Settings, folder: Path) -> list[Path]:
    """Return every file of a store that there is, and all in the folder of its settings.

    Raises:
        UnavailableError: the URL of a database can't be used.
    """
    named = {settings.anchor, settings.log_key, settings.custodian_key}
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
        raise failed(
            "NOT SCANNED: not even a key in use was found in the files. A PostgreSQL's"
            " are to be looked through where it runs."
        )


def there_is(found: Iterable[Trace], where: str) -> UnavailableError:
    """Make the error of what was found; where, and never what it is."""
    what = ", ".join(sorted({each.what for each in found}))
    return failed(f"FOUND in {where}: {what}. In the store they are destroyed.")


def failed(why: str) -> UnavailableError:
    """Make an error that says why."""
    error = UnavailableError()
    error.add_note(why)
    return error


def _readable(maps: Path) -> Iterator[tuple[int, int]]:
    """Yield where the readable parts of a memory begin and end."""
    for line in maps.read_text("ascii", "replace").splitlines():
        place, rights, *_ = line.split()
        if rights.startswith("r") and not line.endswith(("[vvar]", "[vsyscall]")):
            first, _, end = place.partition("-")
            yield int(first, 16), int(end, 16)


def _pieces(file: IO[bytes], first: int, end: int, overlap: int) -> Iterator[bytes]:
    """Read a stretch some at a time; what lies across two pieces is in one, too."""
    kept = b""
    while first < end:
        try:
            file.seek(first)
            piece = file.read(min(_PIECE, end - first))
        except OSError:
            if not kept and first == 0:
                raise
            return  # a region that the kernel gives to nobody, or that is gone
        if not piece:
            return
        first += len(piece)
        yield kept + piece
        kept = (kept + piece)[-overlap:]


def _found(pieces: Iterable[bytes], wanted: list[Trace]) -> set[Trace]:
    found: set[Trace] = set()
    for piece in pieces:
        found.update(each for each in wanted if each.within(piece))
    return found


def _overlap(wanted: Iterable[Trace]) -> int:
    return max((each.size for each in wanted), default=2) - 1


def _unreadable(process: int, error: OSError | None) -> UnavailableError:
    why = error.strerror if error is not None else "it is over"
    return failed(
        f"NOT SCANNED: the memory of process {process} can't be read ({why}). It needs"
        " Linux, and root where the server runs in the production profile."
    )
