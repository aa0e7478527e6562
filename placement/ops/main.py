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
from placement.app import App, Site, micros
from placement.app_custodian import CustodianApp
from placement.audit.note import Signer, Verifier, render_key
from placement.config import CustodianSettings, Settings, load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey, verify
from placement.errors import (
    ConflictError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.ops import custodian as custodians
from placement.ops import older, pki, ruleset
from placement.ops.bar import Bar
from placement.service.custodian import Custodian
from placement.service.fold import found, keep
from placement.service.fold import load as fold
from placement.store import fsck
from placement.store.anchor import Anchor
from placement.store.chain import ChainError
from placement.store.log import Store
from placement.store.schema import require_none
from placement.store.snapshot import verify_snapshot
from placement.store.summaries import Summaries

_SETTINGS: Final = Path("placement.toml")
_TEXTS: Final[Mapping[type[PlacementError], str]] = {
    ConflictError: "There is a store already; nothing was made.",
    TamperedError: "What is stored does not verify, or the key is another store's.",
    UnavailableError: "Nothing is served.",
}
"""What operators read instead of the sentence for caseworkers."""

_ELSEWHERE: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "older": older.run_command,
    "pki": pki.run,
    "ruleset": ruleset.run_command,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, by default the process's own.

    Returns:
        The exit code.
    """
    args = _parser().parse_args(argv)
    if args.command in _ELSEWHERE:
        return _ELSEWHERE[args.command](args)
    try:
        print(_run(args))  # noqa: T201 (a command's one sentence)
    except PlacementError as error:
        texts = (text for kind, text in _TEXTS.items() if isinstance(error, kind))
        text = next(texts, error.text)
        return _fail(" ".join([text, *getattr(error, "__notes__", ())]))
    except ValueError as error:
        return _fail(f"{_about(args)}: {error}")
    except OSError as error:
        return _fail(f"{error.filename or _about(args)}: {error.strerror or error}")
    return 0


def _run(args: argparse.Namespace) -> str:
    if args.command == "custodian":
        return custodians.run(args)
    run: Callable[[Settings], str] = args.run
    return run(load(args.settings))


def _about(args: argparse.Namespace) -> str:
    """Return what a command was about, if no file is named: mostly its settings."""
    return str(getattr(args, "settings", args.command))


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
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--settings", type=Path, default=_SETTINGS, help="default: %(default)s"
        )
        command.set_defaults(run=run)
    pki.register(commands)
    ruleset.register(commands)
    older.register(commands)
    custodians.register(commands, serve=_serve_custodian, fsck=_fsck)
    return parser


def _serve(settings: Settings) -> str:
    return _serve_site(lambda: App(settings))


def _serve_custodian(settings: CustodianSettings) -> str:
    return _serve_site(lambda: CustodianApp(settings))


def _serve_site(make: Callable[[], Site]) -> str:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uvloop.run(_until_told(make))
    return "Stopped."


async def _until_told(make: Callable[[], Site]) -> None:
    """Serve until SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await make().serve(told, _ready)


def _ready(port: int) -> None:
    print(f"Serving on port {port}.", flush=True)  # noqa: T201 (who started us waits for it)


def _init(settings: Settings) -> str:
    apart = bytes.fromhex(settings.custodian_id)
    made = (settings.store_key, settings.log_key, settings.anchor)
    for path in made if apart else (settings.custodian_key, *made):
        if path.exists():
            raise FileExistsError(EEXIST, "is there already; nothing was made", path)
    require_none(settings.database)
    custodian = None if apart else Custodian.create(settings.custodian_key)
    signer = Signer(settings.log_name, SigningKey.create(settings.log_key))
    custody = FileCustody.create(settings.store_key)
    store = Store.create(settings.database, custody, settings.keys)
    found(store, custodian.key_id if custodian else apart, micros())
    Anchor(settings.anchor, store).create(store.read_head())
    store.close()
    log = f"the log's key\n{render_key(signer.public)}"
    if custodian is None:
        return (
            "Made the keys and an empty store. Clients pin the custodians' keys, "
            f"which the custodians give them, and {log}"
        )
    return (
        "Made the keys and an empty store. Clients pin the custodian's key\n"
        f"{custodian.public_key.hex()}\nand {log}"
    )


def _fsck(settings: Settings) -> str:
    key = SigningKey.open(settings.log_key)
    verifier = Verifier(Signer(settings.log_name, key).public, verify)
    try:
        with closing(_open(settings)) as store, Bar("Verifying") as bar:
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
    store = _open(settings)
    try:
        state, head = fold(store, anew=True)
        keep(store, state, head)
    finally:
        store.close()
    return f"Wrote a snapshot at revision {head.revision}."


def _open(settings: Settings) -> Store:
    custody = FileCustody(settings.store_key)
    return Store.open(settings.database, custody, settings.keys)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 (a command's one sentence)
    return 1
