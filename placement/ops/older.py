"""``placement-server older``: have a database served that is not the newest one.

A server refuses a database that does not continue from its anchor, and one without an
anchor. If it has to be served all the same, say after a disk was lost, what came after
it is lost, and two officers say so together: they sign a statement of exactly this
database, each with a key of their own. Accepting it is an entry of the access log.

They also name the anchor that they give up. Accepting writes another one, so that a
statement serves once, however often its database is put back. Where there is none to be
named, the statement says when it was asked for, and holds for a day.

The statement is the text of a signed note (``audit/note.py``)::

    placement: serve this database, although a newer one may have been
    <origin of the log>
    <revision> <leaves> <root of the tree, base64>
    anchor <SHA-256 of the file, base64>, or: no anchor <time, UTC>
    <reason>
"""

import argparse
import base64
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.access import Action
from placement.audit import note as notes
from placement.audit.note import Signer, Verifier, render_key
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.keyfile import open_signing
from placement.crypto.signing import OFFICER_LABEL, SigningKey, verify
from placement.errors import (
    ConflictError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.ops.choosing import add_settings, read_settings
from placement.ops.custodies import open_custody
from placement.ops.officers import (
    Act,
    asked_now,
    officers_of,
    read_signed,
    require_holds,
    require_reason,
    sign,
    write_act,
)
from placement.store import archive, fsck
from placement.store.anchor import Anchor, digest_of
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

TITLE: Final = "placement: serve this database, although a newer one may have been"
_NONE: Final = "no anchor "
_UNSOUND: Final = "What is stored does not verify, or the key is another store's."
_TEXTS: Final[Mapping[type[PlacementError], str]] = {
    ConflictError: "There is such a file already; it is left alone.",
    TamperedError: _UNSOUND,
    UnavailableError: "The database or the custody does not answer.",
}
"""What operators read of an error that says nothing of its own."""


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``older`` and its commands to the operator's parser."""
    text = "have a database served that is not the newest one, on two officers' word"
    older = subparsers.add_parser("older", help=text, description=text)
    commands = older.add_subparsers(dest="older_command", required=True)
    for name, act, text in (
        ("key", _key, "make an officer's key"),
        ("show", _show, "print the statement of the database as it is"),
        ("sign", _sign, "sign a statement, as an officer"),
        ("accept", _accept, "serve the database that two officers have signed for"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(older_run=act)
        if name in {"show", "accept"}:
            add_settings(command)
        if name in {"key", "sign"}:
            command.add_argument("--name", required=True, help="the officer's")
            command.add_argument("--key", type=Path, required=True, metavar="FILE")
        if name == "show":
            command.add_argument("--reason", required=True, help="why, in a line")
            command.add_argument(
                "--backup",
                type=Path,
                metavar="FILE",
                help="of a backup of the database, not encrypted, before it is restored",
            )
        if name in {"sign", "accept"}:
            command.add_argument("statement", type=Path, metavar="STATEMENT")


def run_command(args: argparse.Namespace) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 refused.
    """
    run: Callable[[argparse.Namespace], str] = args.older_run
    try:
        said = run(args)
    except PlacementError as error:
        return _fail(f"Refused. {_why(error)}")
    except (OSError, ValueError) as error:
        return _fail(str(error))
    print(said)  # noqa: T201 (a command's answer)
    return 0


def _why(error: PlacementError) -> str:
    """Return what operators read of an error, which has always a sentence."""
    said = error.notes
    if isinstance(error, ChainError):
        said.insert(0, _UNSOUND)
    texts = (text for kind, text in _TEXTS.items() if isinstance(error, kind))
    return " ".join(said) or next(texts, error.text)


def _fail(sentence: str) -> int:
    _tell(sentence)
    return 1


def _tell(sentence: str) -> None:
    """Say something to people; what a command answers may go into a file."""
    print(sentence, file=sys.stderr)  # noqa: T201 (for whoever typed the command)


def _key(args: argparse.Namespace) -> str:
    signer = Signer(args.name, SigningKey.create(args.key, OFFICER_LABEL))
    _tell("Made the key. It goes into the setting officers as")
    return render_key(signer.public)


def _show(args: argparse.Namespace) -> str:
    settings = read_settings(args)
    if args.backup:
        ends = archive.ends_of(args.backup)
    else:
        with (
            closing(open_custody(settings)) as custody,
            _open(settings, custody) as store,
        ):
            ends = archive.ends(store.read_head())
    given_up = _given_up(settings.anchor)
    return _statement(settings, ends, given_up, args.reason).removesuffix("\n")


def _sign(args: argparse.Namespace) -> str:
    return sign(args.statement, TITLE, args.name, args.key)


def _accept(args: argparse.Namespace) -> str:
    settings = read_settings(args)
    signed = read_signed(args.statement)
    names = officers_of(settings, signed)
    with closing(open_custody(settings)) as custody, _open(settings, custody) as store:
        log = Signer(settings.log_name, open_signing(settings.log_key, custody))
        fsck.verify(store, Verifier(log.public, verify), deeper=True)
        head = accept(settings, store, signed, names)
        for path in settings.anchors:
            Anchor(path, store).replace(head)
    return (
        f"Accepted, by {' and '.join(names)}, as entry {head.leaves - 1}. What came"
        " after it is lost: tell the witnesses, and ask everybody for what they have"
        " recorded since."
    )


def accept(
    settings: Settings, store: Store, signed: notes.Note, names: tuple[str, ...]
) -> Head:
    """Write the entry that two officers accepted a database; return where it ends.

    Args:
        settings: name the log.
        store: with the database, verified.
        signed: the statement.
        names: who signed it, out of ``officers_of``.

    Raises:
        TamperedError: the statement is of another database, or gives up another
            anchor, or the database just grew.
        UnavailableError: the database does not answer.
    """
    head = store.read_head()
    *_, given_up, reason = ("", *signed.text.removesuffix("\n").split("\n"))
    if signed.text != _statement(settings, archive.ends(head), given_up, reason):
        raise TamperedError().because(
            "The statement is of another database than this one."
        )
    _require_given_up(given_up, settings.anchor)
    return write_act(
        store, Act(Action.DATABASE_ACCEPT, signed, names, reason), only=head
    )


def _given_up(anchor: Path) -> str:
    """Name the anchor as it is, or say that there is none now.

    Raises:
        UnavailableError: it can't be read.
    """
    digest = digest_of(anchor)
    if digest is None:
        return f"{_NONE}{asked_now()}"
    return f"anchor {base64.b64encode(digest).decode()}"


def _require_given_up(said: str, anchor: Path) -> None:
    """Refuse a statement that gave up another anchor than the one that is there.

    Raises:
        TamperedError: it did, or there was none and that is a day ago.
        UnavailableError: the anchor can't be read.
        ValueError: it says no time.
    """
    now = _given_up(anchor)
    if not (said.startswith(_NONE) and now.startswith(_NONE)):
        if said != now:
            raise TamperedError().because(
                "The anchor is another one than they gave up."
            )
        return
    otherwise = "Without an anchor a statement holds for a day."
    require_holds(said.removeprefix(_NONE), otherwise)


def _statement(
    settings: Settings, ends: tuple[int, int, str], given_up: str, reason: str
) -> str:
    """Draw the text.

    Raises:
        ValueError: the reason is none.
    """
    require_reason(reason)
    revision, leaves, root = ends
    end = f"{revision} {leaves} {root}"
    return f"{TITLE}\n{settings.log_name}\n{end}\n{given_up}\n{reason}\n"


def _open(settings: Settings, custody: Custody) -> "closing[Store]":
    return closing(Store.open(settings.database, custody, settings.keys))
