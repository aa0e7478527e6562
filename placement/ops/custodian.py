"""``placement-server custodian``: who holds the key of the pseudonyms, or half of it.

A custodian runs apart from the registry, on another machine and by another authority.
Two of them have a share each. Either each draws its own (``init``, then ``combine``: the
whole key never exists), or a key that is in use is split once (``split``).

Exit codes: 0 done, 1 refused or failed, 2 (from the parser) not understood.
"""

import argparse
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from errno import EEXIST, EINVAL
from pathlib import Path
from typing import TYPE_CHECKING, Final

from placement.app import Site, micros
from placement.app_custodian import CustodianApp, ruleset_of
from placement.audit.note import Signer, render_key
from placement.config import CustodianSettings, Settings
from placement.crypto.custody import OPRF_LABEL, Custody
from placement.crypto.files import destroy_file
from placement.crypto.keyfile import is_wrapped
from placement.crypto.shares import key_id, whole
from placement.crypto.voprf import PublicKey
from placement.errors import InvalidInputError, TamperedError
from placement.ops.choosing import add_settings, read_custodian, read_settings
from placement.ops.custodies import (
    first_custody,
    first_signing,
    open_custody,
    require_unmade,
    wrapping,
)
from placement.ops.profile import ROWS
from placement.ops.serving import serve
from placement.service.custodian import Custodian, split_key
from placement.service.fold import found
from placement.store.anchor import Anchor
from placement.store.log import Store

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_SETTINGS: Final = Path("custodian.toml")
_Command = Callable[[argparse.Namespace], str]


def register(
    subparsers: "_SubParsersAction[argparse.ArgumentParser]",
    *,
    fsck: Callable[[Settings], str],
) -> None:
    """Add ``custodian`` and its commands to the operator's parser.

    Args:
        subparsers: the parser's commands.
        fsck: verifies a store.
    """
    custodian = subparsers.add_parser(
        "custodian", help="keep the key of the pseudonyms, apart from the registry"
    )
    commands = custodian.add_subparsers(dest="custodian_command", required=True)

    def add(name: str, run: _Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(custodian_run=run)
        return command

    def read(args: argparse.Namespace) -> CustodianSettings:
        settings: Path = args.settings
        return read_custodian(settings)

    init = add("init", lambda args: _init(read(args), adopt=args.adopt), _INIT)
    init.add_argument("--adopt", action="store_true", help="take the key file there is")
    verify = add("fsck", lambda args: fsck(read(args).server), "verify the log")
    run = add("serve", lambda args: _serve(read(args)), "evaluate until told to stop")
    show = add("ruleset", lambda args: _ruleset(read(args)), _RULESET)
    for command in (init, verify, run, show):
        command.add_argument(
            "--settings", type=Path, default=_SETTINGS, help="default: %(default)s"
        )
    split = add("split", _split, "split a key in two shares, and destroy it")
    add_settings(split)
    split.add_argument("key", type=Path, help="file of the whole key; it is destroyed")
    split.add_argument("first", type=Path, help="file for one custodian's share")
    split.add_argument("second", type=Path, help="file for the other's")
    combine = add("combine", _combine, "say which key two shares make")
    combine.add_argument("keys", nargs="+", help="each custodian's public key, hex")


_INIT: Final = "make the key, and an empty log"
_WRAPPED: Final = (
    "is wrapped by a custody; name the settings that it opens by, --settings FILE, and"
    " --custodian if they are a custodian's"
)
_RULESET: Final = "print the ruleset that the settings make, for auditors"


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
    command: _Command = args.custodian_run
    try:
        return command(args)
    except InvalidInputError as error:
        raise ValueError(f"{error.field} {error.description}") from error


def _serve(settings: CustodianSettings) -> str:
    whole = settings

    def make(settings: Settings, *, custody: Custody | None, hardened: bool) -> Site:
        given = replace(whole, server=settings)
        return CustodianApp(given, custody=custody, hardened=hardened)

    return serve(whole.server, make, ROWS)


def _init(settings: CustodianSettings, *, adopt: bool) -> str:
    server = settings.server
    adopted = _seen(server) if adopt else None
    require_unmade(server, *(() if adopt else (server.custodian_key,)))
    with closing(first_custody(server)) as custody:
        wraps = wrapping(server, custody)
        if adopt and wraps:
            adopted = Custodian.open(server.custodian_key, wraps)
            adopted.wrap_file(server.custodian_key, wraps)
        custodian = adopted or Custodian.create(server.custodian_key, wraps)
        with closing(Store.create(server.database, custody, server.keys)) as store:
            found(store, custodian.log_id, micros(), None)
            for path in server.anchors:
                Anchor(path, store).create(store.read_head())
        # Last: while it is missing, what was ended half-way is seen to be of no use.
        signer = Signer(server.log_name, first_signing(server, wraps))
    return (
        "Made an empty log. This custodian's public key\n"
        f"{custodian.public_key.hex()}\n"
        f"and the key of its log\n{render_key(signer.public)}"
    )


def _ruleset(settings: CustodianSettings) -> str:
    return ruleset_of(settings).content.removesuffix("\n")


def _seen(server: Settings) -> Custodian | None:
    """Look at the key that is adopted; nothing is made for one that can't be.

    Returns:
        It, unless an earlier try had it wrapped: then the custody has to be open.

    Raises:
        UnavailableError: it can't be read, or is none.
    """
    path = server.custodian_key
    if server.custody != "file" and is_wrapped(path, OPRF_LABEL):
        return None
    return Custodian.open(path)


def _split(args: argparse.Namespace) -> str:
    for path in (args.first, args.second):
        if path.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was made", path)
    if is_wrapped(args.key, OPRF_LABEL):
        if args.settings is None:
            raise OSError(EINVAL, _WRAPPED, args.key)
        with closing(open_custody(read_settings(args))) as custody:
            key, *shares = split_key(args.key, args.first, args.second, custody)
    else:
        key, *shares = split_key(args.key, args.first, args.second)
    # What lies on the disk now, not what was meant to be written, must make the key.
    public = [Custodian.open(path).public_key for path in (args.first, args.second)]
    if public != shares or _whole(public).encode() != key:
        raise TamperedError
    destroy_file(args.key)
    return (
        f"Split the key {key.hex()}\nand destroyed its file. Destroy every copy of it.\n"
        f"{args.first} holds the share of\n{shares[0].hex()}\n"
        f"{args.second} holds the share of\n{shares[1].hex()}"
    )


def _combine(args: argparse.Namespace) -> str:
    try:
        shares = [bytes.fromhex(each) for each in args.keys]
    except ValueError:
        raise InvalidInputError("public_key", "must be 66 hex digits") from None
    key = _whole(shares)
    return (
        f"Clients pin the custodians' key\n{key.encode().hex()}\n"
        "and the registry's settings say, from its init on or, of a key that follows, once"
        f' the one before is retired\ncustodian_id = "{key_id(key).hex()}"'
    )


def _whole(shares: list[bytes]) -> PublicKey:
    return whole([PublicKey.decode(share) for share in shares])
