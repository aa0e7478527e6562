"""``placement-server``: what operators run.

Exit codes: 0 done, 1 refused or failed, 2 (from the parser) not understood.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from errno import EEXIST
from pathlib import Path
from typing import Final

import uvloop

from placement import __version__
from placement.app import micros
from placement.audit.note import Signer, Verifier, render_key
from placement.config import Settings, load
from placement.crypto.custody import Custody, FileCustody
from placement.crypto.keyfile import create_signing, open_signing
from placement.crypto.signing import SigningKey, verify
from placement.errors import (
    ConflictError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.ops import ceremony, pki, ruleset
from placement.ops.bar import Bar
from placement.ops.custodies import open_custody
from placement.ops.hardening import harden
from placement.ops.opening import serve_from_sealed
from placement.ops.profile import PRODUCTION, refusals
from placement.service.custodian import Custodian
from placement.service.fold import found, keep
from placement.service.fold import load as fold
from placement.store import fsck
from placement.store.chain import ChainError
from placement.store.log import Store
from placement.store.schema import require_none
from placement.store.snapshot import verify_snapshot
from placement.store.summaries import Summaries

_log: Final = logging.getLogger(__name__)
_SETTINGS: Final = Path("placement.toml")
_TEXTS: Final[Mapping[type[PlacementError], str]] = {
    ConflictError: "There is a store already; nothing was made.",
    TamperedError: "What is stored does not verify, or the key is another store's.",
    UnavailableError: "Nothing is served.",
}
"""What operators read instead of the sentence for caseworkers."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, by default the process's own.

    Returns:
        The exit code.
    """
    args = _parser().parse_args(argv)
    if args.command == "pki":
        return pki.run(args)
    if args.command == "ruleset":
        return ruleset.run_command(args)
    if args.command == "custody":
        args.run = ceremony.run_command(args)
    run: Callable[[Settings], str] = args.run
    try:
        print(run(load(args.settings)))  # noqa: T201 (a command's one sentence)
    except PlacementError as error:
        return _fail(_text_of(error, args.command))
    except ValueError as error:
        return _fail(f"{args.settings}: {error}")
    except OSError as error:
        return _fail(f"{error.filename or args.settings}: {error.strerror or error}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="placement-server", description="Run and keep the placement service."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, text in (
        ("serve", _serve, "answer calls until told to stop"),
        ("init", _init, "make the keys and an empty store"),
        ("fsck", _fsck, "verify everything that is stored"),
        ("snapshot", _snapshot, "write the state, so that the next start is quick"),
        ("rotate", _rotate, "seal under new keys from now on, also while serving"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--settings", type=Path, default=_SETTINGS, help="default: %(default)s"
        )
        command.set_defaults(run=run)
    pki.register(commands)
    ruleset.register(commands)
    ceremony.register(commands, _SETTINGS)
    return parser


def _serve(settings: Settings) -> str:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    hardened = settings.profile != PRODUCTION or _closed(settings)
    uvloop.run(_until_told(settings, hardened=hardened))
    return "Stopped."


def _closed(settings: Settings) -> bool:
    """Close the process; return whether the machine allowed all of it.

    Raises:
        UnavailableError: something is fit for development alone; notes say what.
    """
    machine = harden()
    if refused := refusals(settings, machine):
        error = UnavailableError()
        for sentence in refused:
            error.add_note(sentence)
        raise error
    if not machine.whole:
        _log.warning("memory_not_locked: secrets may go to swap")
    return machine.whole


async def _until_told(settings: Settings, *, hardened: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await serve_from_sealed(settings, told, _say, hardened=hardened)


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 (who started us waits for it)


def _init(settings: Settings) -> str:
    made = [settings.custodian_key, settings.log_key]
    if settings.custody == "file":
        made.insert(1, settings.store_key)
    for path in made:
        if path.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was made", path)
    require_none(settings.database)
    custody: Custody
    if settings.custody == "file":
        custodian = Custodian.create(settings.custodian_key)
        signer = Signer(settings.log_name, SigningKey.create(settings.log_key))
        custody = FileCustody.create(settings.store_key)
    else:
        custody = open_custody(settings)
        custodian = Custodian.create(settings.custodian_key, custody)
        signer = Signer(settings.log_name, create_signing(settings.log_key, custody))
    with closing(custody):
        store = Store.create(settings.database, custody, settings.keys)
        found(store, custodian.key_id, micros())
        store.close()
    return (
        "Made the keys and an empty store. Clients pin the custodian's key\n"
        f"{custodian.public_key.hex()}\n"
        f"and the log's key\n{render_key(signer.public)}"
    )


def _fsck(settings: Settings) -> str:
    with closing(open_custody(settings)) as custody:
        key = open_signing(settings.log_key, custody)
        verifier = Verifier(Signer(settings.log_name, key).public, verify)
        try:
            with closing(_open(settings, custody)) as store, Bar("Verifying") as bar:
                head = fsck.verify(store, verifier, progress=bar.show, deeper=True)
                verify_snapshot(store)
                Summaries(store).verify()
        except ChainError as error:
            error.add_note(f"First bad record: {error.where}.")
            raise
    return (
        f"Verified {head.revision} events and {head.leaves} entries; the newest "
        f"checkpoint holds {head.published}."
    )


def _snapshot(settings: Settings) -> str:
    with (
        closing(open_custody(settings)) as custody,
        closing(_open(settings, custody)) as store,
    ):
        state, head = fold(store, anew=True)
        keep(store, state, head)
    return f"Wrote a snapshot at revision {head.revision}."


def _rotate(settings: Settings) -> str:
    with (
        closing(open_custody(settings)) as custody,
        closing(_open(settings, custody)) as store,
    ):
        epoch = store.epochs.rotate()
    return f"Sealing goes on under epoch {epoch}; older ones still open what they did."


def _open(settings: Settings, custody: Custody) -> Store:
    return Store.open(settings.database, custody, settings.keys)


def _text_of(error: PlacementError, command: str) -> str:
    """Return what operators read of an error."""
    notes = getattr(error, "__notes__", [])
    if command == "custody" and notes:
        return " ".join(notes)
    texts = (text for kind, text in _TEXTS.items() if isinstance(error, kind))
    return " ".join([next(texts, error.text), *notes])


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 (a command's one sentence)
    return 1
