"""``placement-server pki``: the operator's certificate authority, on one machine.

Every command works in one directory, says one sentence, and never replaces a file
unless ``--renew`` asks for exactly that. A running server picks up what is renewed
or revoked in its directory; nobody restarts it.

Exit codes: 0 done, 1 refused or failed, 2 (from the parser) not understood.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from placement.access import Role, parse_san
from placement.app import read_ruleset
from placement.crypto.pki import CLIENT_LIFETIME, SERVER_LIFETIME, Authority, Issued
from placement.errors import CertificateError, InvalidInputError, PlacementError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST = 10_000
_FORM = "does not have the form that the server accepts for this role"


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``pki`` and its commands to the operator's parser."""
    pki = subparsers.add_parser("pki", help="issue and revoke certificates")
    commands = pki.add_subparsers(dest="pki_command", required=True)

    init = _add(commands, "init", _init, "make a certificate authority")
    init.add_argument("--name", default="placement CA", help="for people to read")

    server = _add(commands, "issue-server", _issue_server, "for this service")
    server.add_argument("--name", default="server", help="stem of the files")
    server.add_argument(
        "--host", action="append", required=True, help="name or address"
    )
    server.add_argument("--days", type=_count, default=SERVER_LIFETIME // _DAY)
    server.add_argument("--renew", action="store_true", help="replace the pair")

    client = _add(commands, "issue-client", _issue_client, "for one person")
    client.add_argument("--name", help="stem of the files; else the person's id")
    client.add_argument("--trust-domain", required=True)
    client.add_argument(
        "--role",
        choices=[r.value for r in Role if r is not Role.SERVICE],
        required=True,
    )
    client.add_argument("--organisation", required=True)
    client.add_argument("--person", required=True, help="an id, never a personal name")
    client.add_argument("--hours", type=_count, default=CLIENT_LIFETIME // _HOUR)
    client.add_argument("--renew", action="store_true", help="replace the pair")

    revoke = _add(commands, "revoke", _revoke, "refuse a certificate from now on")
    revoke.add_argument("certificate", help="its serial in hex, or its whole name")

    _add(commands, "list", _list, "show what was issued and is not yet expired")


def run(args: argparse.Namespace, *, clock: Callable[[], float] = time.time) -> int:
    """Run one command.

    Args:
        args: as parsed by what ``register`` added.
        clock: seconds since 1970-01-01 UTC.

    Returns:
        The exit code.
    """
    command: Callable[[argparse.Namespace, datetime], str] = args.pki_run
    try:
        outcome = command(args, datetime.fromtimestamp(clock(), UTC))
    except InvalidInputError as error:
        return _fail(f"{error.field} {error.description}")
    except PlacementError as error:
        return _fail(error.text)
    except OSError as error:
        return _fail(f"{error.filename or args.dir}: {error.strerror or error}")
    sys.stdout.write(f"{outcome}\n")
    return 0


def _add(
    commands: "_SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace, datetime], str],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary)
    parser.add_argument("--dir", type=Path, required=True, help="the authority's files")
    parser.set_defaults(run=run, pki_run=command)
    return parser


def _init(args: argparse.Namespace, now: datetime) -> str:
    Authority.create(args.dir, name=args.name, now=now)
    return f"Made a certificate authority in {args.dir}; keep ca.key offline."


def _issue_server(args: argparse.Namespace, now: datetime) -> str:
    issued = Authority.open(args.dir).issue_server(
        args.name, args.host, now=now, lifetime=args.days * _DAY, renew=args.renew
    )
    return _issued(args.dir / args.name, issued)


def _issue_client(args: argparse.Namespace, now: datetime) -> str:
    parts = (args.trust_domain, args.role, args.organisation, args.person)
    uri = "spiffe://" + "/".join(parts)
    # What the server would refuse is not issued.
    try:
        caller = parse_san(uri, args.trust_domain, fingerprint=b"")
    except CertificateError as error:
        raise InvalidInputError("organisation or person", _FORM) from error
    if (
        caller.role is Role.CASEWORKER
        and args.organisation not in read_ruleset(None).areas
    ):
        raise InvalidInputError("organisation", "is no municipality's code")
    name = args.name or args.person
    issued = Authority.open(args.dir).issue_client(
        name, uri, now=now, lifetime=args.hours * _HOUR, renew=args.renew
    )
    return _issued(args.dir / name, issued)


def _revoke(args: argparse.Namespace, now: datetime) -> str:
    authority = Authority.open(args.dir)
    # As other tools print serials: capitals, colons, leading zeros.
    serial = args.certificate.lower().removeprefix("0x").replace(":", "").lstrip("0")
    found = [
        issued.serial
        for issued in authority.issued()
        if issued.not_after > now
        and (serial == f"{issued.serial:x}" or args.certificate == issued.san)
    ]
    if not found:
        raise InvalidInputError("certificate", "names nothing issued and unexpired")
    for serial in found:
        authority.revoke(serial, now=now)
    return f"Revoked {len(found)}: {', '.join(f'{serial:040x}' for serial in found)}."


def _list(args: argparse.Namespace, now: datetime) -> str:
    authority = Authority.open(args.dir)
    revoked = authority.revoked()
    living = [issued for issued in authority.issued() if issued.not_after > now]
    lines = [
        f"{issued.serial:040x} {issued.purpose.value} {_until(issued)} {issued.san}"
        + (" revoked" if issued.serial in revoked else "")
        for issued in living
    ]
    return "\n".join([*lines, f"{len(living)} certificates have not expired."])


def _issued(stem: Path, issued: Issued) -> str:
    return (
        f"Issued {stem}.pem for {issued.san}, serial {issued.serial:040x}, "
        f"valid until {_until(issued)}."
    )


def _until(issued: Issued) -> str:
    return issued.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fail(reason: str) -> int:
    sys.stderr.write(f"pki: {reason}\n")
    return 1


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST:
        raise ValueError
    return number
