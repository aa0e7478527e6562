"""Files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_PUBLIC_MODE: Final = 0o644
_PRIVATE_MODE: Final = 0o600


def write_file(
    path: Path, content: bytes, *, mode: int = _PUBLIC_MODE, replace: bool = False
) -> None:
    """Write a file whole: readers see the old content, or the new, never a part.

    Args:
        path: where to.
        content: every byte of it.
        mode: permissions from the first moment on, narrowed by the umask.
        replace: put it in the place of a file that is there.

    Raises:
        FileExistsError: the file is there and ``replace`` was not asked for.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a new file that nobody else may read; on the disk when the block ends.

    Raises:
        OSError: it is there already, or can't be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, _PRIVATE_MODE), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def link_file(path: Path, target: Path) -> None:
    """Give a file that is on the disk another name there; durable when this returns.

    Args:
        path: the new name.
        target: the file, on the same file system.

    Raises:
        FileExistsError: the name is taken.
        OSError: it can't be written.
    """
    path.hardlink_to(target)
    settle(path.parent)


def destroy_file(path: Path) -> None:
    """Overwrite a file with zeros, on the disk as far as that can be said, and remove it.

    A journal, a snapshot or a worn cell of the disk may keep what was there: whoever
    must be sure destroys the medium too.

    Raises:
        OSError: it can't be.
    """
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    settle(path.parent)


def settle(folder: Path) -> None:
    """Have the disk know which files a folder has, and under which names.

    Raises:
        OSError: it can't be said.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
