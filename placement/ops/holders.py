"""How shares go to the people who hold them, and how they come back.

Shares are shown on a terminal, one after the other, or written each to a file of its
own; they are never logged, and never printed where a pipe or a log could keep them.

Invariants:
    * whoever breaks off, or ends the program by any signal that can be heeded, leaves no
      share on the screen, and no file of one;
    * what is made of a secret is made after its last holder has typed back.
"""

import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Final

from placement.crypto.custody import shred, write_line
from placement.errors import (
    ConflictError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)

_Handler = Callable[[int, FrameType | None], object] | signal.Handlers
_CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
"""Empties a terminal, and what could be scrolled back to."""
_ENDS: Final[Mapping[signal.Signals, _Handler]] = {
    signal.SIGTERM: signal.default_int_handler,
    signal.SIGHUP: signal.default_int_handler,
    signal.SIGQUIT: signal.default_int_handler,
    signal.SIGTSTP: signal.SIG_IGN,
}
_LAST: Final = 6  # letters that a holder types back
_HELD: Final = (
    "Give each share to another person, who keeps it in another place. Any three bring "
    "the key back, two say nothing."
)


def shares_library() -> ModuleType:
    """Return what splits and joins, which not everybody installs.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        from placement.crypto import recovery  # noqa: PLC0415 (an extra of its own)
    except ImportError:
        raise UnavailableError().because("Shares need `placement[hsm]`.") from None
    return recovery


def require_place(folder: Path | None) -> None:
    """Refuse to show shares where something could keep them.

    Raises:
        UnavailableError: the output is no terminal.
    """
    shares_library()
    if folder is None and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise UnavailableError().because(
            "Shares are shown on a terminal alone; or name --shares FOLDER."
        )


@contextmanager
def not_answered() -> Iterator[None]:
    """Have it told if somebody who is asked does not answer.

    Raises:
        UnavailableError: Ctrl-C, or the end of the input.
    """
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        raise UnavailableError().because("Broken off.") from None


@contextmanager
def handed_out(secret: bytes, folder: Path | None, otherwise: str) -> Iterator[str]:
    """Write the shares, or show them one by one; then what is made of the secret is made.

    Files of shares are destroyed if the block fails.

    Args:
        secret: what is split.
        folder: where each share goes into a file; without one they are shown.
        otherwise: what to tell holders if one of them breaks off.

    Yields:
        What to say of the shares at the end.

    Raises:
        UnavailableError: somebody broke off, or a file can't be written.

    Secret: secret
    """
    lines = shares_library().split(secret)
    files: list[Path] = []
    try:
        try:
            with _breaking_off():
                if folder is None:
                    _show(lines)
                else:
                    _write(lines, folder, files)
        except (KeyboardInterrupt, EOFError):
            raise UnavailableError().because(f"Broken off. {otherwise}") from None
        except UnavailableError as error:
            error.because(otherwise)
            raise
        place = f" They are in {folder}; leave none of them on this machine."
        yield _HELD if folder is None else f"{_HELD}{place}"
    except BaseException as error:
        _take_back(files, error)
        raise


@contextmanager
def _breaking_off() -> Iterator[None]:
    """Take whatever ends or stops a program for breaking off, as Ctrl-C is.

    A program that is stopped leaves the screen as it is, and one that quits its memory.
    """
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, cores[1]))
    before = {each: signal.signal(each, handler) for each, handler in _ENDS.items()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        resource.setrlimit(resource.RLIMIT_CORE, cores)


def _write(lines: Sequence[str], folder: Path, files: list[Path]) -> None:
    """Write each share to a file, and list what was written as it goes.

    Secret: lines
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError().because(f"{folder}: {error.strerror}.") from None
    for number, line in enumerate(lines, 1):
        path = folder / f"share-{number}.txt"
        files.append(path)  # before it is there, so that none is forgotten
        try:
            write_line(path, f"{line}\n".encode())
        except ConflictError:
            files.remove(path)
            raise UnavailableError().because(f"{path} is there already.") from None


def _take_back(files: Sequence[Path], error: BaseException) -> None:
    """Destroy files of shares that are of no use; an error tells which could not be."""
    for path in filter(Path.exists, files):
        try:
            shred(path)
        except UnavailableError:
            error.add_note(f"The share in {path} could not be destroyed: see to it.")


def _show(lines: Sequence[str]) -> None:
    """Show each share to its holder, who types its end back.

    Secret: lines
    """
    try:
        for number, line in enumerate(lines, 1):
            which = f"Share {number} of {len(lines)}"
            input(
                f"{_CLEAR}{which} comes next. Only its holder looks; Enter shows it: "
            )
            sys.stdout.write(f"{_CLEAR}{which}. Copy it by hand:\n\n    {line}\n\n")
            ask = "Type its last six letters: "
            while input(ask).strip().upper() != line[-_LAST:]:
                sys.stdout.write("That is not its end; look again.\n")
    finally:
        sys.stdout.write(_CLEAR)
        sys.stdout.flush()


def combined(files: Sequence[Path]) -> bytes:
    """Return what three shares bring back, from files or as they are typed.

    Raises:
        UnavailableError: they don't; a note says why.

    Secret: the result
    """
    library = shares_library()
    # What is no text is no share either: `combine` says which one.
    lines = [path.read_text("utf-8-sig", "replace") for path in files]
    try:
        found: bytes = library.combine(lines or _typed(library))
    except InvalidInputError as error:
        raise UnavailableError().because(
            f"{error.field.capitalize()}: {error.description}."
        ) from None
    except TamperedError:
        raise UnavailableError().because(
            "One of these shares was altered, or is of another key. Nothing was made; "
            "try others."
        ) from None
    return found


def _typed(library: ModuleType) -> list[str]:
    """Ask for shares; what is typed is not shown, and asked for again if it can't be."""
    lines: list[str] = []
    while len(lines) < library.NEEDED:
        line = getpass(f"Share {len(lines) + 1} of {library.NEEDED}: ")
        try:
            library.require_fitting([*lines, line])
        except InvalidInputError as error:
            why = f"{error.field.capitalize()} {error.description}."
            sys.stdout.write(f"{why} Type this one again; Ctrl-C breaks off.\n")
            continue
        lines.append(line)
    return lines
