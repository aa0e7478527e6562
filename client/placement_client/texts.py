"""Texts that somebody hands in as a file: bounded, UTF-8, and JSON without double keys.

Nothing that was read stands in an error, nor in one that it is chained to: it may be
somebody's number.
"""

import codecs
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from placement.errors import InvalidInputError

STDIN: Final = "-"

_KIB: Final = 1024
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str | Path, *, field: str, kib: int) -> str:
    """Read a file, or standard input if the path is ``-``.

    Args:
        path: where.
        field: the field named in the error.
        kib: how large it may be.

    Raises:
        InvalidInputError: it can't be read, is larger, begins with a byte order mark, or
            is not UTF-8.
    """
    content = _read(path, kib * _KIB + 1)
    if content is None:
        raise InvalidInputError(field, "can't be read")
    if len(content) > kib * _KIB:
        raise InvalidInputError(field, f"is larger than {kib} KiB")
    if content.startswith(_MARKS):
        raise InvalidInputError(field, "begins with a byte order mark; save it without")
    with suppress(ValueError):
        return content.decode("utf-8")
    raise InvalidInputError(field, "is not UTF-8")


def _read(path: str | Path, most: int) -> bytes | None:
    with suppress(OSError):
        if path == STDIN:
            return sys.stdin.buffer.read(most)
        with Path(path).open("rb") as file:
            return file.read(most)
    return None


def read_json(text: str, *, field: str, form: str) -> object:
    """Read JSON.

    Args:
        text: what was handed in.
        field: the field named in the error.
        form: what it must be, in constant words.

    Raises:
        InvalidInputError: it is none, has a key twice, or a number that is none.
    """
    doubled: list[int] = []

    def made(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        doubled.extend(range(len(found), len(pairs)))
        return found

    data: object = None
    try:
        data = json.loads(text, object_pairs_hook=made, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        form = f"{form}; line {error.lineno} can't be read"
    except (ValueError, RecursionError):
        pass
    if doubled:
        raise InvalidInputError(field, "has one key twice in one object")
    if data is None:
        raise InvalidInputError(field, form)
    return data


def _refuse(_text: str) -> NoReturn:
    raise ValueError("not a number")
