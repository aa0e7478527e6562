"""``placement witness``: see that the access log only ever grows, and sign that."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Final

import typer
from rich.table import Table

from placement.audit.note import VerifierKey, render_key
from placement.errors import InvalidInputError
from placement_client.calls import Patience
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_instant, stockholm_time
from placement_client.profile import Profile
from placement_client.session import Session
from placement_client.witness import Witness
from placement_client.witness_key import WitnessKey, create_key
from placement_client.witness_state import State, StateFile, begin

app = nouns("Witness the access log: see that it only ever grows, and sign that.")

EVERY: Final = 5.0
"""Seconds between two rounds."""

_MICROS: Final = 1_000_000  # in a second
_KEY_NAME: Final = "witness.key"
_NOTHING: Final = "This witness holds nothing yet."
_ENDS: Final = (signal.SIGINT, signal.SIGTERM)


def _folder(environ: Mapping[str, str]) -> Path:
    """Return where a witness keeps its states, if nothing else is asked for."""
    # Relative ones are to be ignored (XDG Base Directory Specification).
    configured = Path(environ.get("XDG_STATE_HOME", ""))
    home = configured if configured.is_absolute() else Path.home() / ".local/state"
    return home / "placement" / "witness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """Options of ``init``."""

    name: Annotated[
        str,
        typer.Option(help="The witness's name; by custom a URL without a scheme."),
    ]
    witness_key: Annotated[
        Path, typer.Option("--key", help="A file that does not exist yet.")
    ]


@verb(app, "init")
def init(_run: Run, asked: Initialised) -> Report:
    """Draw a witness's key into a new file, and tell what others pin.

    The service and the clients need the verifier key; the file never leaves this
    machine. A key belongs to one witness, under one name.
    """
    text = render_key(create_key(asked.witness_key, asked.name))
    return Report(
        data={"path": str(asked.witness_key), "verifier_key": text},
        shown=[f"Wrote {asked.witness_key}; only its owner may read it.", text],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where states lie."""

    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of the witness's states, on a disk that outlives the machine's "
            "start; else that of your user.",
        ),
    ] = None

    def folder(self) -> Path:
        """Return the folder."""
        chosen = _folder(os.environ) if self.state is None else self.state
        return chosen.expanduser().absolute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Options of ``run``."""

    once: Annotated[bool, typer.Option("--once", help="Make one round, then end.")] = (
        False
    )
    every: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Between two rounds.")
    ] = EVERY
    witness_key: Annotated[
        Path | None,
        typer.Option(
            "--key", help=f"The witness's key; else {_KEY_NAME} beside its states."
        ),
    ] = None
    name: Annotated[
        str,
        typer.Option(help="The witness's name; needed for the first contact alone."),
    ] = ""


@verb(app, "run")
def run(run: Run, asked: Watched, kept: Kept) -> Report:
    """Cosign the log of the context, round after round, until told to end.

    Each round fetches the newest checkpoint, has the log prove that it contains the one
    before, keeps it on the disk, and hands in the cosignature. A service that does not
    answer is asked again, after longer and longer pauses.

    A checkpoint that is refused ends the run with exit code 5; it is kept as evidence
    beside the states, with the last good one. So does a folder that has lost what the
    key has cosigned. SIGTERM ends it between two rounds.
    """
    folder = kept.folder()
    profile = run.profile()
    log = _log(profile)
    key = WitnessKey(asked.witness_key or folder / _KEY_NAME)
    patience = Patience(deadline=run.common.deadline, pauses=())
    file = StateFile.of(folder, log.name)
    with key.held(), file.held(), _until_told() as told:
        witness = Witness(
            file,
            begin(file, log, key, asked.name),
            key,
            connect=lambda: Session.open(profile, patience=patience),
            clock=run.clock,
        )
        with closing(witness):
            if asked.once:
                witness.round()
            else:
                witness.watch(every=asked.every, wait=told, say=note)
    return Report(data=_data(witness.state), shown=[_states([witness.state])])


@verb(app, "show")
def show(_run: Run, kept: Kept) -> Report:
    """Show what the witness holds: of each log the newest checkpoint it cosigned."""
    folder = kept.folder()
    read = [file.read() for file in StateFile.every(folder)]
    states = [each for each in read if each is not None]
    evidence = [str(path) for path in sorted(folder.glob("evidence-*.note"))]
    return Report(
        data={"logs": [_data(each) for each in states], "evidence": evidence},
        shown=[
            _states(states) if states else _NOTHING,
            *(f"Evidence of a refused checkpoint: {path}" for path in evidence),
        ],
    )


def _log(profile: Profile) -> VerifierKey:
    """Return the key of the log that a context pins.

    Raises:
        InvalidInputError: there is none.
    """
    policy = profile.policy()
    if policy is None:
        raise InvalidInputError("log_key", "is not pinned in this context")
    return policy.log


@contextmanager
def _until_told() -> Iterator[Callable[[float], bool]]:
    """Yield what waits for some seconds and tells whether a signal came meanwhile."""
    # The one thing to wait on that may be filled while it is being waited on.
    came: SimpleQueue[int] = SimpleQueue()
    before = {
        each: signal.signal(each, lambda number, _frame: came.put(number))
        for each in _ENDS
    }

    def told(seconds: float) -> bool:
        try:
            came.get(timeout=seconds)
        except Empty:
            return False
        return True

    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _states(states: Sequence[State]) -> Table:
    rows = []
    for each in states:
        held = each.seen.checkpoint()
        at = each.cosigned_at
        cosigned = stockholm_time(at * _MICROS) if at else "never yet"
        rows.append((held.origin, held.size, held.root.hex(), cosigned))
    return table(("Log", "Leaves", "Root", "Cosigned"), rows)


def _data(state: State) -> dict[str, object]:
    held = state.seen.checkpoint()
    at = state.cosigned_at
    return {
        "origin": held.origin,
        "size": held.size,
        "root": held.root.hex(),
        "cosigned_at": iso_instant(at * _MICROS) if at else None,
        "log_key": render_key(state.log),
        "verifier_key": render_key(state.witness),
    }
