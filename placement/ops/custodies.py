"""Which custody the settings name, and where its passphrase or PIN comes from.

A passphrase is read from the terminal, from an open file descriptor, or from a
credential of systemd; never from an argument, an environment variable or the settings,
where others could read it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EEXIST
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.config import Settings
from placement.crypto.custody import Custody, FileCustody
from placement.crypto.keyfile import Signing, create_signing
from placement.crypto.passphrase import PassphraseCustody
from placement.crypto.signing import SigningKey
from placement.errors import ConflictError, InvalidInputError, UnavailableError
from placement.store.keystore import KeyStore, beside
from placement.store.schema import require_apart, require_none

if TYPE_CHECKING:
    from placement.crypto.hsm import TokenCustody

MOST: Final = 1024
"""Bytes of a passphrase or PIN."""

_WORDS: Final = {
    "passphrase": "Passphrase of the store's key, {0.store_key}: ",
    "token": "PIN of the token {0.token}: ",
}
"""How a person is asked: several custodies may be in one command."""


def read_unlock(
    settings: Settings,
    prompt: Callable[[str], str] | None = None,
    whose: str = "",
) -> bytes:
    """Read passphrase or PIN from where the settings say; a last newline is not of it.

    Args:
        settings: with a custody that needs one.
        prompt: asks a person.
        whose: what a person is told before it, where several are asked for.

    Raises:
        UnavailableError: it can't be read, is empty, or too long.

    Secret: the result
    """
    kind, _, where = settings.unlock.partition(":")
    try:
        match kind:
            case "fd":
                with os.fdopen(int(where), "rb") as file:
                    found = file.read(MOST + 1)
            case "credential":
                folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
                if not folder:
                    raise UnavailableError().because(
                        "systemd passed no credentials to this process."
                    )
                with (Path(folder) / where).open("rb") as file:
                    found = file.read(MOST + 1)
            case _:
                ask = prompt or getpass
                words = _WORDS[settings.custody].format(settings)
                found = ask(f"{whose}{words}").encode()
    except (OSError, EOFError) as error:
        raise UnavailableError().because(
            f"unlock = {settings.unlock!r} can't be read."
        ) from error
    found = found.removesuffix(b"\n")
    if not 0 < len(found) <= MOST:
        raise UnavailableError().because(
            f"unlock = {settings.unlock!r} is empty or too long."
        )
    return found


def open_custody(
    settings: Settings, unlock: bytes | None = None, whose: str = ""
) -> Custody:
    """Open the custody that the settings name.

    Args:
        settings: which.
        unlock: its passphrase or PIN; read from where the settings say unless given.
        whose: what a person is told who is asked for it.

    Raises:
        UnavailableError: it can't be opened; a note says why.

    Secret: unlock
    """
    if settings.custody == "file":
        return FileCustody(settings.store_key)
    secret = read_unlock(settings, whose=whose) if unlock is None else unlock
    if settings.custody == "passphrase":
        return PassphraseCustody(settings.store_key, secret)
    return token_custody()(settings.token_module, settings.token, secret)


def require_room(settings: Settings, unlock: bytes, *, given: bool) -> None:
    """Refuse to make a key where none can be put, before anybody copies a share of it.

    Args:
        settings: with a custody that is no plain file.
        unlock: its passphrase or PIN.
        given: whether the key will come from outside, which some tokens don't take.

    Raises:
        ConflictError: there is one already.
        InvalidInputError: the passphrase is too short.
        UnavailableError: it can't be made; a note says why.

    Secret: unlock
    """
    with _nothing_made():
        if settings.custody == "passphrase":
            PassphraseCustody.require_room(settings.store_key, unlock)
        else:
            token = token_custody()
            where = (settings.token_module, settings.token)
            token.require_room(*where, unlock, given=given)


def make_custody(
    settings: Settings, unlock: bytes, secret: bytes | None = None
) -> Custody:
    """Put a key-encryption key where the settings say.

    Args:
        settings: with a custody that is no plain file.
        unlock: its passphrase or PIN.
        secret: the key-encryption key's; a fresh one that nobody sees unless given.

    Raises:
        ConflictError: there is one already.
        InvalidInputError: the passphrase is too short.
        UnavailableError: it can't be made; a note says why.

    Secret: unlock, secret
    """
    with _nothing_made():
        if settings.custody == "passphrase":
            return PassphraseCustody.create(settings.store_key, unlock, secret)
        token = token_custody()
        return token.create(settings.token_module, settings.token, unlock, secret)


@contextmanager
def _nothing_made() -> Iterator[None]:
    """Say to operators why no key was made."""
    try:
        yield
    except InvalidInputError as error:
        error.because(f"The passphrase {error.description}; nothing was made.")
        raise
    except ConflictError as error:
        error.because("There is a key already; nothing was made.")
        raise


def require_unmade(settings: Settings, *others: Path) -> None:
    """Refuse to make a store where there is anything of one.

    Args:
        settings: where it shall be.
        others: further files that must not be there.

    Raises:
        ConflictError: there is a store in the database, or a key store.
        FileExistsError: one of the files is there.
        UnavailableError: no key store is named, it is the database, or one of the two
            does not answer, or lets nobody make a table.
    """
    keys = settings.keys or beside(settings.database)
    made = [*others, settings.log_key, *settings.anchors]
    if settings.custody == "file":
        made.append(settings.store_key)
    for path in made:
        if path.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was made", path)
    require_none(settings.database)
    KeyStore.require_none(keys)
    require_apart(settings.database, keys)


def first_custody(settings: Settings) -> Custody:
    """Open the custody of a store that is being made; a plain file is made with it.

    Raises:
        ConflictError: that file is there already.
        UnavailableError: it can't be opened or written, or a ceremony has to make it
            first; a note says why.
    """
    if settings.custody == "file":
        return FileCustody.create(settings.store_key)
    # Before a passphrase is asked for that opens nothing.
    if settings.custody == "passphrase" and not settings.store_key.exists():
        raise UnavailableError().because(
            "There is no key: run `placement-server custody create` first, of a custodian"
            " with --custodian."
        )
    return open_custody(settings)


def wrapping(settings: Settings, custody: Custody) -> Custody | None:
    """Return what wraps new key files: nothing, where custody is a plain file too."""
    return None if settings.custody == "file" else custody


def first_signing(settings: Settings, wraps: Custody | None) -> Signing:
    """Make the log's key, in a file that is wrapped or plain.

    Raises:
        ConflictError: the file is there already.
        UnavailableError: it can't be written, or the custody does not answer.
    """
    if wraps is None:
        return SigningKey.create(settings.log_key)
    return create_signing(settings.log_key, wraps)


def token_custody() -> "type[TokenCustody]":
    """Return what speaks with tokens, which not everybody installs.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        from placement.crypto.hsm import (  # noqa: PLC0415 (an extra of its own)
            TokenCustody,
        )
    except ImportError as error:
        raise UnavailableError().because(
            "Custody in a token needs `placement[hsm]`."
        ) from error
    return TokenCustody
