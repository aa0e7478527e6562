"""``placement-server changeover``: the key that follows, how far it is, the old one's end.

The next key is made while the custodian serves, and lies beside the one that it has. It
is retired where it was made: once the registry's log says that the next key is in force
or, of a custodian who stands apart and sees no registry, once its operator says so. They
say which key is in force also before the next one is discarded: it may be that one.
"""

import argparse
from collections.abc import Callable
from contextlib import closing
from errno import EEXIST
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.app import micros
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.files import destroy_file
from placement.crypto.shares import key_id
from placement.crypto.voprf import PublicKey
from placement.errors import ConflictError, InvalidInputError
from placement.ops.choosing import add_settings, is_custodian, read_settings
from placement.ops.custodies import open_custody, wrapping
from placement.service.custodian import (
    Custodian,
    log_id,
    next_path,
    require_next,
    retire_key,
)
from placement.service.fold import found, load
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_NOT_YET: Final = (
    "the next key is not in force, or there is none; nothing was destroyed (see "
    "placement-server changeover show)"
)
_MAY_BE_IN_FORCE: Final = (
    "--stays must be the public key that is in force, and it must be this custodian's in "
    "its place; nothing was destroyed. If the changeover has ended, the next key is in "
    "force: run placement-server changeover retire --custodian --into HEX instead"
)
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
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(changeover_run=act)
        add_settings(command)
        if name == "retire":
            command.add_argument(
                "--into",
                default="",
                metavar="HEX",
                help="of a custodian apart: its public key that is in force now",
            )
        if name == "discard":
            command.add_argument(
                "--stays",
                default="",
                metavar="HEX",
                help="of a custodian apart: its public key that is and stays in force",
            )


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
        into = (
            _given(args.into, "--into")
            if is_custodian(args)
            else load(store)[0].changeover.key
        )
        try:
            require_next(settings.custodian_key, into, custody)
        except ConflictError:
            raise ValueError(_NOT_YET) from None
        if is_custodian(args):
            _go_on(store, settings.custodian_key, into, custody)
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
    with closing(open_custody(settings)) as custody, _open(settings, custody) as store:
        changeover = load(store)[0].changeover
        follows = Custodian.open(beside, custody).key_id
        if is_custodian(args):
            _require_stays(args, Custodian.open(settings.custodian_key, custody))
    begun = changeover.begun is not None and changeover.begun.to_key == follows
    if begun or changeover.key in (follows, log_id(follows)):
        raise ValueError("it was not given up; nothing was destroyed")
    destroy_file(beside)
    return "Destroyed the key that was to follow. Destroy every copy of it."


def _given(given: str, option: str) -> bytes:
    """Return the id of the key that is in force, as a custodian's operator says.

    Raises:
        ValueError: they gave no public key.
    """
    try:
        return key_id(PublicKey.decode(bytes.fromhex(given)))
    except (ValueError, InvalidInputError):
        raise ValueError(f"{option} must be a public key, 66 hex digits") from None


def _require_stays(args: argparse.Namespace, kept: Custodian) -> None:
    """Let a custodian's operator say that the key in its place is the one in force.

    Raises:
        ValueError: they say nothing, or another one.
    """
    if not args.stays or _given(args.stays, "--stays") != kept.key_id:
        raise ValueError(_MAY_BE_IN_FORCE)


def _go_on(store: Store, path: Path, into: bytes, custody: Custody) -> None:
    """Have a custodian's own log go on under its next key, unless it does.

    Raises:
        ValueError: the log is not that of the key that is to be retired.
    """
    key, named = load(store)[0].changeover.key, log_id(into)
    if key == named:
        return
    if key != Custodian.open(path, custody).log_id:
        raise ValueError("the log is not this custodian's; nothing was destroyed")
    found(store, named, micros())


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
