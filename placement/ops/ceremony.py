"""``placement-server custody``: make, split and bring back the key-encryption key.

Shares are shown on a terminal, one after the other, or written each to a file of its
own; they are never logged, and never printed where a pipe or a log could keep them.
"""

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from getpass import getpass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from placement.audit.note import Signer, render_key
from placement.config import Settings
from placement.crypto.custody import OPRF_LABEL, Custody, write_line
from placement.crypto.keyfile import (
    is_wrapped,
    open_signing,
    secret_in,
    write_signing,
    write_wrapped,
)
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.sealing import KEY_SIZE
from placement.crypto.signing import LOG_LABEL
from placement.crypto.wrapping import SecretCustody
from placement.errors import InvalidInputError, TamperedError, UnavailableError
from placement.ops.changing import change_custody
from placement.ops.choosing import add_settings, is_custodian, path_of, told
from placement.ops.custodies import make_custody, open_custody, read_unlock
from placement.service.custodian import Custodian
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_CLEAR: Final = "\x1b[2J\x1b[3J\x1b[H"
"""Empties a terminal, and what could be scrolled back to."""
_LAST: Final = 6  # letters that a holder types back
_HELD: Final = (
    "Give each share to another person, who keeps it in another place. Any three bring "
    "the key back, two say nothing."
)


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``custody`` and its commands to the operator's parser."""
    custody = subparsers.add_parser("custody", help="keep the key-encryption key")
    commands = custody.add_subparsers(dest="custody_command", required=True)
    for name, text in (
        ("create", "make the key where the settings say, and five shares of it"),
        ("split", "make five new shares of a key under a passphrase, or of a key file"),
        ("recover", "bring the key back from three shares, into a new custody"),
        ("change", "wrap all by the custody that the settings name now; stop servers"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        add_settings(command)
        if name in {"split", "recover"}:
            command.add_argument(
                "--key",
                choices=("log", "custodian"),
                help="of this key file, which the custody has wrapped",
            )
        if name == "change":
            _let_change(command)
            continue
        if name == "recover":
            command.add_argument(
                "--share",
                type=Path,
                action="append",
                default=[],
                help="a file with a share; three times; else they are typed",
            )
            continue
        command.add_argument(
            "--shares",
            type=Path,
            metavar="FOLDER",
            help="write the shares there, each to a file; else they are shown",
        )
        if name == "create":
            command.add_argument(
                "--no-recovery",
                action="store_true",
                help="make it inside the token, where nobody sees it: lost with it",
            )


def _let_change(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--from",
        type=Path,
        required=True,
        dest="old",
        metavar="SETTINGS",
        help="as they were: they name the custody that wraps it now",
    )
    command.add_argument(
        "--destroy-old",
        action="store_true",
        help="destroy the old key, once the new one has opened everything",
    )


def run_command(args: argparse.Namespace) -> Callable[[Settings], str]:
    """Return what runs one command, given the settings."""

    def run(settings: Settings) -> str:
        if settings.custody == "file":
            raise _refused('custody = "file" has no ceremony; see the settings.')
        match args.custody_command:
            case "create":
                return _create(settings, args.shares, recovery=not args.no_recovery)
            case "split" if args.key:
                return _split_file(settings, args.key, args.shares)
            case "split":
                return _split(settings, args.shares)
            case "recover" if args.key:
                return _recover_file(settings, args.key, args.share)
            case "change":
                return change_custody(
                    settings,
                    args.old,
                    path_of(args).absolute().parent,
                    custodian=is_custodian(args),
                    destroy=args.destroy_old,
                )
            case _:
                return _recover(settings, args)

    return run


def _create(settings: Settings, folder: Path | None, *, recovery: bool) -> str:
    if not recovery:
        make_custody(settings, _new_unlock(settings)).close()
        return "Made the key. It has no shares: if the custody is lost, all is lost."
    _require_place(folder)
    unlock, secret = _new_unlock(settings), secrets.token_bytes(KEY_SIZE)
    make_custody(settings, unlock, secret).close()
    return f"Made the key. {_hand_out(secret, folder)}"


def _split(settings: Settings, folder: Path | None) -> str:
    if settings.custody == "token":
        raise _refused(
            "A key can't be read out of a token. Its shares are made when it is made."
        )
    _require_place(folder)
    custody = PassphraseCustody(settings.store_key, read_unlock(settings))
    return (
        f"Made five new shares. {_hand_out(custody.secret.secret, folder)} "
        "The old ones still bring the key back: collect and destroy them."
    )


def _split_file(settings: Settings, key: str, folder: Path | None) -> str:
    """Split a key file, so that it survives the custody that wrapped it."""
    _require_place(folder)
    path, label = _key_file(settings, key)
    with closing(open_custody(settings)) as custody:
        secret = secret_in(path, label, custody)
    return f"Made five shares of the {key}'s key. {_hand_out(secret, folder)}"


def _recover_file(settings: Settings, key: str, files: Sequence[Path]) -> str:
    """Bring a key file back, wrapped by whatever custody the settings name."""
    path, label = _key_file(settings, key)
    secret = _combined(files)
    with closing(open_custody(settings)) as custody:
        if label == LOG_LABEL:
            made = write_signing(path, secret, custody)
            public = render_key(Signer(settings.log_name, made).public)
        else:
            write_wrapped(path, label, secret, custody)
            public = Custodian.open(path, custody).public_key.hex()
    return (
        f"Wrote the {key}'s key. Its public half is\n{public}\nHold it against what"
        " clients pin: shares of another key make another."
    )


def _key_file(settings: Settings, key: str) -> tuple[Path, str]:
    if key == "log":
        return settings.log_key, LOG_LABEL
    return settings.custodian_key, OPRF_LABEL


def _recover(settings: Settings, args: argparse.Namespace) -> str:
    secret = _combined(args.share)
    opened, then = _opened(settings, SecretCustody(secret), args)
    make_custody(settings, _new_unlock(settings), secret).close()
    return (
        f"Brought the key back; it opens {opened}. {then} Whoever saw these shares can"
        " bring it back too: plan a new key."
    )


def _combined(files: Sequence[Path]) -> bytes:
    """Return what three shares bring back.

    Raises:
        UnavailableError: they don't; a note says why.

    Secret: the result
    """
    lines = [path.read_text("ascii") for path in files] or _typed(_recovery().NEEDED)
    try:
        found: bytes = _recovery().combine(lines)
    except InvalidInputError as error:
        raise _refused(f"{error.field.capitalize()}: {error.description}.") from None
    except TamperedError:
        raise _refused(
            "One of these shares was altered, or is of another key. Nothing was made; "
            "try others."
        ) from None
    return found


def _opened(
    settings: Settings, custody: Custody, args: argparse.Namespace
) -> tuple[str, str]:
    """Try a key; return what it opened, and what is to be done then.

    On an empty machine there is no store yet, but the log's key.

    Raises:
        UnavailableError: it opens nothing, or there is nothing to try it on.
    """
    try:
        try:
            Store.open(settings.database, custody, settings.keys).close()
        except UnavailableError:
            if not is_wrapped(settings.log_key, LOG_LABEL):
                raise
            open_signing(settings.log_key, custody).sign(b"")
            return "the log's key", f"Now {told(args, 'restore')}."
    except TamperedError:
        raise _refused(
            "These shares bring back another key than this store's; nothing was made."
        ) from None
    fsck = "custodian fsck" if is_custodian(args) else "fsck"
    return "this store", f"Run `placement-server {fsck}`, then serve."


def _recovery() -> ModuleType:
    """Return what splits and joins, which not everybody installs.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        from placement.crypto import recovery  # noqa: PLC0415 (an extra of its own)
    except ImportError:
        raise _refused("Shares need `placement[hsm]`.") from None
    return recovery


def _hand_out(secret: bytes, folder: Path | None) -> str:
    """Write the shares, or show them one by one.

    Secret: secret
    """
    lines = _recovery().split(secret)
    if folder is None:
        for number, line in enumerate(lines, 1):
            _show(number, line)
        return _HELD
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number, line in enumerate(lines, 1):
        write_line(folder / f"share-{number}.txt", f"{line}\n".encode())
    return f"{_HELD} They are in {folder}; leave none of them on this machine."


def _show(number: int, line: str) -> None:
    """Show one share to its holder, who types its end back.

    Secret: line
    """
    sys.stdout.write(
        f"{_CLEAR}Share {number} of 5. Only its holder looks now. Copy it by hand:\n\n"
        f"    {line}\n\n"
    )
    while input("Type its last six letters: ").strip().upper() != line[-_LAST:]:
        sys.stdout.write("That is not its end; look again.\n")
    sys.stdout.write(_CLEAR)


def _typed(count: int) -> list[str]:
    """Ask for shares; what is typed is not shown."""
    return [getpass(f"Share {number} of {count}: ") for number in range(1, count + 1)]


def _require_place(folder: Path | None) -> None:
    """Refuse to show shares where something could keep them.

    Raises:
        UnavailableError: the output is no terminal.
    """
    _recovery()
    if folder is None and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise _refused("Shares are shown on a terminal alone; or name --shares FOLDER.")


def _new_unlock(settings: Settings) -> bytes:
    """Read a PIN, or a new passphrase, twice where a person types it.

    Raises:
        UnavailableError: the two differ.

    Secret: the result
    """
    found = read_unlock(settings)
    asked = settings.unlock == "prompt" and settings.custody == "passphrase"
    if asked and read_unlock(settings) != found:
        raise _refused("The two passphrases differ; nothing was made.")
    return found


def _refused(why: str) -> UnavailableError:
    error = UnavailableError()
    error.add_note(why)
    return error
