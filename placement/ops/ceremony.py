"""``placement-server custody``: make, split and bring back the key-encryption key.

A key is put in place after its last share is in somebody's hands, so that whoever breaks
off has made nothing. How shares are handed out is told in ``holders``.
"""

import argparse
import secrets
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.audit.note import Signer, render_key
from placement.config import Settings
from placement.crypto.custody import OPRF_LABEL, Custody
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
from placement.errors import PlacementError, TamperedError, UnavailableError
from placement.ops.changing import change_custody
from placement.ops.choosing import add_settings, is_custodian, path_of, told
from placement.ops.custodies import (
    make_custody,
    open_custody,
    read_unlock,
    require_room,
)
from placement.ops.holders import (
    combined,
    handed_out,
    not_answered,
    require_place,
)
from placement.service.custodian import Custodian
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_BURN: Final = "Burn the shares of this try, and begin again."
_UNMADE: Final = f"Nothing was made. {_BURN}"
_HALF: Final = (
    "Not everybody has a share. Three of those that were copied bring the key back:"
    " collect and burn them, and begin again."
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
            raise UnavailableError().because(
                'custody = "file" has no ceremony; see the settings.'
            )
        with not_answered():
            return _done(settings, args)

    return run


def _done(settings: Settings, args: argparse.Namespace) -> str:
    """Run one command; return what to say at the end."""
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


def _create(settings: Settings, folder: Path | None, *, recovery: bool) -> str:
    if recovery:
        require_place(folder)
    unlock = _new_unlock(settings)
    require_room(settings, unlock, given=recovery)
    if not recovery:
        make_custody(settings, unlock).close()
        return "Made the key. It has no shares: if the custody is lost, all is lost."
    secret = secrets.token_bytes(KEY_SIZE)
    with handed_out(secret, folder, _UNMADE) as said:
        try:
            make_custody(settings, unlock, secret).close()
        except PlacementError as error:
            error.because(_BURN)
            raise
    return f"Made the key. {said}"


def _split(settings: Settings, folder: Path | None) -> str:
    if settings.custody == "token":
        raise UnavailableError().because(
            "A key can't be read out of a token. Its shares are made when it is made."
        )
    require_place(folder)
    custody = PassphraseCustody(settings.store_key, read_unlock(settings))
    with handed_out(custody.secret.secret, folder, _HALF) as said:
        return (
            f"Made five new shares. {said} The old ones still bring the key back:"
            " collect and destroy them."
        )


def _split_file(settings: Settings, key: str, folder: Path | None) -> str:
    """Split a key file, so that it survives the custody that wrapped it."""
    require_place(folder)
    path, label = _key_file(settings, key)
    with closing(open_custody(settings)) as custody:
        secret = secret_in(path, label, custody)
    with handed_out(secret, folder, _HALF) as said:
        return f"Made five shares of the {key}'s key. {said}"


def _recover_file(settings: Settings, key: str, files: Sequence[Path]) -> str:
    """Bring a key file back, wrapped by whatever custody the settings name."""
    path, label = _key_file(settings, key)
    secret = combined(files)
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
    secret = combined(args.share)
    opened, then = _opened(settings, SecretCustody(secret), args)
    make_custody(settings, _new_unlock(settings), secret).close()
    return (
        f"Brought the key back; it opens {opened}. {then} Whoever saw these shares can"
        " bring it back too: plan a new key."
    )


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
        raise UnavailableError().because(
            "These shares bring back another key than this store's; nothing was made."
        ) from None
    fsck = "custodian fsck" if is_custodian(args) else "fsck"
    return "this store", f"Run `placement-server {fsck}`, then serve."


def _new_unlock(settings: Settings) -> bytes:
    """Read a PIN, or a new passphrase, twice where a person types it.

    Raises:
        UnavailableError: the two differ.

    Secret: the result
    """
    found = read_unlock(settings)
    asked = settings.unlock == "prompt" and settings.custody == "passphrase"
    if asked and read_unlock(settings, whose="Once more. ") != found:
        raise UnavailableError().because(
            "The two passphrases differ; nothing was made."
        )
    return found
