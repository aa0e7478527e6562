"""``placement-server``: what operators run.

Exit codes: 0 done, 1 refused or failed, 2 (from the parser) not understood.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from placement import __version__
from placement.app import App, micros, read_ruleset
from placement.audit.note import Signer, Verifier, render_key
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.crypto.keyfile import open_signing
from placement.crypto.signing import verify
from placement.domain.ruleset import Ruleset
from placement.errors import PlacementError, UnavailableError
from placement.ops import (
    backup,
    ceremony,
    changeover,
    compact,
    older,
    pki,
    ruleset,
    status,
)
from placement.ops import custodian as custodians
from placement.ops.bar import Bar
from placement.ops.choosing import add_settings, path_of, read_settings
from placement.ops.custodies import (
    first_custody,
    first_signing,
    open_custody,
    require_unmade,
    wrapping,
)
from placement.ops.profile import PRODUCTION, REGISTRY
from placement.ops.saying import text_of
from placement.ops.serving import serve
from placement.service.custodian import Custodian
from placement.service.fit import BARE
from placement.service.fold import found, keep
from placement.service.fold import load as fold
from placement.store import fsck
from placement.store.anchor import Anchor
from placement.store.chain import ChainError
from placement.store.log import Store
from placement.store.snapshot import drop_snapshots, verify_snapshot
from placement.store.summaries import Summaries

_SETTINGS: Final = Path("placement.toml")
_ALIKE: Final = frozenset({"snapshot", "rotate"})
"""What a custodian's store is kept by, too; the rest are commands of its own."""
_ELSEWHERE: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "older": older.run_command,
    "pki": pki.run,
    "ruleset": ruleset.run_command,
    "status": status.run_command,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, by default the process's own.

    Returns:
        The exit code.
    """
    args = _parser().parse_args(argv)
    try:
        code = _done(args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return code


def _done(args: argparse.Namespace) -> int:
    """Run a command; return the exit code.

    Raises:
        BrokenPipeError: nobody reads what it says.
    """
    if args.command in _ELSEWHERE:
        return _ELSEWHERE[args.command](args)
    if args.command == "custody":
        args.run = ceremony.run_command(args)
    if args.command == "compact":
        args.run = compact.run_command(args)
    try:
        print(_run(args))  # noqa: T201 (a command's one sentence)
    except PlacementError as error:
        command = getattr(args, "custodian_command", args.command)
        return _fail(text_of(error, command))
    except ValueError as error:
        return _fail(f"{_about(args)}: {error}")
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(f"{error.filename or _about(args)}: {error.strerror or error}")
    return 0


def _run(args: argparse.Namespace) -> str:
    if args.command == "custodian":
        return custodians.run(args)
    if args.command == "changeover":
        return changeover.run(args)
    if args.command in {"backup", "restore"}:
        return backup.run(args)
    run: Callable[[Settings], str] = args.run
    return run(read_settings(args))


def _about(args: argparse.Namespace) -> str:
    """Return what a command was about, if no file is named: mostly its settings."""
    return str(path_of(args) if hasattr(args, "settings") else args.command)


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
        if name in _ALIKE:
            add_settings(command)
        else:
            command.add_argument(
                "--settings", type=Path, default=_SETTINGS, help="default: %(default)s"
            )
        command.set_defaults(run=run)
    pki.register(commands)
    ruleset.register(commands)
    older.register(commands)
    status.register(commands)
    backup.register(commands)
    compact.register(commands)
    custodians.register(commands, fsck=_fsck)
    ceremony.register(commands)
    changeover.register(commands)
    return parser


def _serve(settings: Settings) -> str:
    return serve(settings, App, REGISTRY)


def _init(settings: Settings) -> str:
    apart = bytes.fromhex(settings.custodian_id)
    require_unmade(settings, *(() if apart else (settings.custodian_key,)))
    rules = _first_rules(settings)
    with closing(first_custody(settings)) as custody:
        wraps = wrapping(settings, custody)
        custodian = None if apart else Custodian.create(settings.custodian_key, wraps)
        signer = Signer(settings.log_name, first_signing(settings, wraps))
        with closing(Store.create(settings.database, custody, settings.keys)) as store:
            key_id = custodian.key_id if custodian else apart
            found(store, key_id, micros(), rules)
            for path in settings.anchors:
                Anchor(path, store).create(store.read_head())
    log = (
        f"the log's key\n{render_key(signer.public)}\n"
        f"The store's ruleset is {rules.version}, rules {rules.digest.hex()}"
    )
    if custodian is None:
        return (
            "Made the keys and an empty store. Clients pin the custodians' keys, "
            f"which the custodians give them, and {log}"
        )
    return (
        "Made the keys and an empty store. Clients pin the custodian's key\n"
        f"{custodian.public_key.hex()}\nand {log}"
    )


def _first_rules(settings: Settings) -> Ruleset:
    """Read the ruleset that a store is made with.

    Raises:
        OSError: it can't be read.
        UnavailableError: it is none for production.
        ValueError: it is none.
    """
    rules = read_ruleset(settings.ruleset)
    if settings.profile == PRODUCTION and rules.phantoms.none:
        raise UnavailableError().because(f"{BARE[0].upper()}{BARE[1:]}.")
    return rules


def _fsck(settings: Settings) -> str:
    with closing(open_custody(settings)) as custody:
        key = open_signing(settings.log_key, custody)
        verifier = Verifier(Signer(settings.log_name, key).public, verify)
        with closing(_open(settings, custody)) as store, Bar("Verifying") as bar:
            waived: list[int] = []
            head = fsck.verify(
                store, verifier, progress=bar.show, deeper=True, waived=waived
            )
            verify_snapshot(store)
            Summaries(store).verify()
    return (
        f"Verified {head.revision} events and {head.leaves} entries; the newest "
        f"checkpoint holds {head.published}."
        + (
            f" NOT VERIFIED: the events of {len(waived)} entries against their hash, as"
            " something of each was erased and compacted."
            if waived
            else ""
        )
    )


def _snapshot(settings: Settings) -> str:
    with (
        closing(open_custody(settings)) as custody,
        closing(_open(settings, custody)) as store,
    ):
        state, head = fold(store, anew=True)
        try:
            written = keep(store, state, head)
        except ChainError:  # what is there does not verify; the log does
            drop_snapshots(store)
            written = keep(store, state, head)
    if not written:
        return (
            "Wrote none: a newer one is there or on its way, or something was erased."
        )
    return f"Wrote a snapshot at revision {head.revision}."


def _rotate(settings: Settings) -> str:
    with (
        closing(open_custody(settings)) as custody,
        closing(_open(settings, custody)) as store,
    ):
        epoch = store.epochs.rotate()
    return (
        f"Sealing goes on under epoch {epoch}; older ones still open what they did. A server"
        " that runs follows with its next write."
    )


def _open(settings: Settings, custody: Custody) -> Store:
    return Store.open(settings.database, custody, settings.keys)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 (a command's one sentence)
    return 1
