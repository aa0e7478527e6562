"""``placement-server changeover``: the key that follows, how far it is, the old one's end.

The next key is made while the custodian serves, and lies beside the one that it has. It
is retired where it was made: once the registry's log says that the next key is in force
or, of a custodian who stands apart and sees no registry, once two officers say so
(``agreeing``). They say which key is in force also before the next one is discarded: it
may be that one.
"""

import argparse
from collections.abc import Callable
from contextlib import closing
from errno import EEXIST
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.files import destroy_file
from placement.errors import ConflictError
from placement.ops.agreeing import TITLE, Keys, accept, statement
from placement.ops.choosing import add_settings, is_custodian, read_settings
from placement.ops.custodies import open_custody, wrapping
from placement.ops.officers import sign
from placement.service.custodian import (
    Custodian,
    log_id,
    next_path,
    require_next,
    retire_key,
)
from placement.service.fold import load
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_NOT_YET: Final = (
    "the next key is not in force, or there is none; nothing was destroyed (see "
    "placement-server changeover show)"
)
_OFFICERS: Final = (
    "a custodian apart sees no registry: two officers say which key is in force, by what "
    "placement-server changeover statement prints; name that, signed, with --accept; "
    "nothing was destroyed"
)
_DISCARDED: Final = "Destroyed the key that was to follow. Destroy every copy of it."
_TEXT: Final = "have another key of the pseudonyms take the place of the one in force"


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``changeover`` and its commands to the operator's parser."""
    changeover = subparsers.add_parser("changeover", help=_TEXT, description=_TEXT)
    commands = changeover.add_subparsers(dest="changeover_command", required=True)
    for name, act, text in (
        ("next", _next, "make the key that follows, also while serving"),
        ("show", _show, "say how many people on record are not enrolled yet"),
        ("discard", _discard, "destroy the key that follows, once it was given up"),
        ("retire", _retire, "destroy the old key, once the next one is in force"),
        ("statement", _statement, "print what two officers of a custodian apart sign"),
        ("sign", _sign, "sign such a statement, as an officer"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(changeover_run=act)
        _let(command, name)


def _let(command: argparse.ArgumentParser, name: str) -> None:
    if name == "sign":
        command.add_argument("--name", required=True, help="the officer's")
        command.add_argument("--key", type=Path, required=True, metavar="FILE")
        command.add_argument("statement", type=Path, metavar="STATEMENT")
        return
    add_settings(command)
    if name in {"retire", "discard"}:
        command.add_argument(
            "--accept",
            type=Path,
            metavar="STATEMENT",
            help="of a custodian apart: what two officers have signed",
        )
    if name == "statement":
        command.add_argument(
            "--in-force",
            required=True,
            metavar="HEX",
            help="the public key that is in force, of this custodian's two",
        )
        command.add_argument("--reason", required=True, help="why, in a line")


def run(args: argparse.Namespace) -> str:
    """Run one command.

    Args:
        args: as parsed by what ``register`` added.

    Returns:
        What to say.

    Raises:
        OSError: a file can't be read or written.
        PlacementError: keys or store do not fit.
        ValueError: a setting, or a key on the command line, is none.
    """
    command: Callable[[argparse.Namespace], str] = args.changeover_run
    return command(args)


def _next(args: argparse.Namespace) -> str:
    settings = _keeping(args)
    with closing(open_custody(settings)) as custody:
        # What is there has to open, or the wrong custody would wrap the next one.
        Custodian.open(settings.custodian_key, custody)
        beside = next_path(settings.custodian_key)
        if beside.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was made", beside)
        made = Custodian.create(beside, wrapping(settings, custody))
    said = f"Made the key that follows. Its public key\n{made.public_key.hex()}"
    if is_custodian(args):
        return f"{said}\nis this custodian's; see placement-server custodian combine"
    return f"{said}\nis what clients pin, besides the one that they have"


def _show(args: argparse.Namespace) -> str:
    if is_custodian(args):
        raise ValueError(
            "a custodian apart sees no registry; ask the registry's operator"
        )
    settings = read_settings(args)
    with closing(open_custody(settings)) as custody, _open(settings, custody) as store:
        state, _ = load(store)
    changeover = state.changeover
    lines = [f"In force: {changeover.key.hex()}"]
    if changeover.begun is not None:
        waiting = len(changeover.without_pair(state))
        lines += [
            f"Follows: {changeover.begun.to_key.hex()}",
            f"Not enrolled: {waiting}",
            f"Disputed: {len(changeover.disputed)}",
        ]
    if changeover.left:
        lines.append(f"Left without a pair: {len(changeover.left)}")
    return "\n".join(lines)


def _retire(args: argparse.Namespace) -> str:
    settings = _keeping(args)
    with closing(open_custody(settings)) as custody, _open(settings, custody) as store:
        if is_custodian(args):
            into = _agreed(args, settings, store, custody)
        else:
            into = load(store)[0].changeover.key
        try:
            require_next(settings.custodian_key, into, custody)
        except ConflictError:
            raise ValueError(_NOT_YET) from None
        if not next_path(settings.custodian_key).exists():
            return "The key in force lies in its place; there is no old one to destroy."
        retire_key(settings.custodian_key, into, custody)
    return (
        "Destroyed the old key; the next one lies in its place. Stop the server and "
        "start it again: it has the old one in its memory. Destroy every copy of it."
    )


def _discard(args: argparse.Namespace) -> str:
    settings = _keeping(args)
    beside = next_path(settings.custodian_key)
    if _is_overwritten(beside):  # ended half-way; what it was destroyed by is said
        destroy_file(beside)
        return _DISCARDED
    with closing(open_custody(settings)) as custody, _open(settings, custody) as store:
        changeover = load(store)[0].changeover
        follows = Custodian.open(beside, custody).key_id
        begun = changeover.begun is not None and changeover.begun.to_key == follows
        if begun or changeover.key in (follows, log_id(follows)):
            raise ValueError("it was not given up; nothing was destroyed")
        if is_custodian(args):
            keys = Keys.of(settings.custodian_key, custody)
            accept(settings, store, keys, _accepted(args), following=False)
    destroy_file(beside)
    return _DISCARDED


def _is_overwritten(path: Path) -> bool:
    return path.exists() and not path.read_bytes().strip(b"\0")


def _statement(args: argparse.Namespace) -> str:
    if not is_custodian(args):
        raise ValueError("a registry's log says which key is in force; nobody signs it")
    settings = read_settings(args)
    with closing(open_custody(settings)) as custody:
        keys = Keys.of(settings.custodian_key, custody)
    text = statement(settings, keys, args.in_force, args.reason)
    return text.removesuffix("\n")


def _sign(args: argparse.Namespace) -> str:
    return sign(args.statement, TITLE, args.name, args.key)


def _accepted(args: argparse.Namespace) -> Path:
    """Return where the statement is that two officers have signed.

    Raises:
        ValueError: none is named.
    """
    found: Path | None = args.accept
    if found is None:
        raise ValueError(_OFFICERS)
    return found


def _agreed(
    args: argparse.Namespace, settings: Settings, store: Store, custody: Custody
) -> bytes:
    """Return the id of a custodian's key that is in force, as two officers said.

    Its own log goes on under that key. If it does already they have said so before, and
    whatever was ended half-way is gone on with.

    Raises:
        TamperedError: they do not say so.
        UnavailableError: keys or database can't be read.
        ValueError: nobody says anything, or the log is not that of these keys.
    """
    path = settings.custodian_key
    key, beside = load(store)[0].changeover.key, next_path(path)
    follows = Custodian.open(beside if beside.exists() else path, custody)
    if key == follows.log_id:
        return follows.key_id
    keys = Keys.of(path, custody)
    if key != keys.here.log_id:
        raise ValueError("the log is not this custodian's; nothing was destroyed")
    accept(settings, store, keys, _accepted(args), following=True)
    return follows.key_id


def _open(settings: Settings, custody: Custody) -> "closing[Store]":
    return closing(Store.open(settings.database, custody, settings.keys))


def _keeping(args: argparse.Namespace) -> Settings:
    """Read the settings of whoever has a key of the pseudonyms.

    Raises:
        ValueError: custodians apart have it.
    """
    settings = read_settings(args)
    if settings.custodian_id and not is_custodian(args):
        raise ValueError("custodians apart have the key; each runs this for its own")
    return settings
