"""What the tests of the engine do with it, and with the database behind it."""

from collections.abc import Callable
from concurrent.futures import Future

from sqlalchemy import create_engine, text

from kit.commands import open_case, presence, record_facts, register_groups
from kit.faults import FaultyStore
from kit.world import RULESET, TODAY
from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.checkpoint import parse as parse_checkpoint
from placement.audit.details import Details, opened
from placement.audit.entry import Entry, parse
from placement.audit.note import Signer, Verifier
from placement.crypto.signing import SigningKey, verify
from placement.domain.decide.command import Command
from placement.service.batch import Answer
from placement.service.engine import Engine
from placement.service.entries import Refused
from placement.service.rules import Rules
from placement.service.ticks import Ticks
from placement.service.worker import Worker
from placement.store import fsck
from placement.store.ledger import Ledger
from placement.store.log import Store

SECONDS = 20
OLD = {"valid_from": TODAY - 3000, "valid_to": TODAY - 2000}
SIGNER = Signer("placement.test/log", SigningKey(bytes([1]) * 32))
VERIFIER = Verifier(SIGNER.public, verify)


def engine_on(
    store: Store | FaultyStore,
    clock: Callable[[], int],
    signer: Signer = SIGNER,
    worker: Worker | None = None,
    ticks: Ticks | None = None,
) -> Engine:
    """Return an engine of a store that no custodian founded; it is not started."""
    return Engine(
        store,
        Rules(RULESET),
        custodian=b"",
        signer=signer,
        clock=clock,
        worker=worker,
        ticks=ticks,
    )


def answer(engine: Engine, command: Command | Refused) -> Answer:
    return engine.submit(command).result(SECONDS)


def old_fact(engine: Engine) -> bytes:
    """Record a presence that ended long ago; return its id."""
    answer(engine, register_groups("A", "B"))
    fact: bytes
    fact, _ = answer(engine, record_facts(presence(**OLD))).reply.ids
    return fact


def key(store: Store, dossier: bytes) -> bytes | None:
    """Return the wrapped key of a dossier; ``None`` if it is gone."""
    return store.vault._keys.read(dossier)


def entries(store: Store) -> list[Entry]:
    """Return every entry of the access log."""
    return [parse(leaf.entry) for leaf in store.entries(0, 10_000)]


def details(store: Store) -> list[Details]:
    """Return the details of every entry, each held against its leaf."""
    leaves = store.entries(0, 10_000)
    kept = (store.leaves.details(leaf) for leaf in leaves)
    return [
        opened(content, parse(leaf.entry).details)
        for leaf, content in zip(leaves, kept, strict=True)
    ]


def checkpoints(store: Store) -> list[Checkpoint]:
    """Return every checkpoint, once its signature and the whole store verified."""
    fsck.verify(store, VERIFIER)
    notes = Ledger(store).checkpoints(0, 10_000)
    for each in notes:
        note.verify(each, [VERIFIER])
    return [parse_checkpoint(each.text) for each in notes]


def hold(
    engine: Engine, faulty: FaultyStore, *commands: Command
) -> list[Future[Answer]]:
    """Submit commands while the one before them is held up before its transaction."""
    faulty.entered.clear()
    faulty.passed.clear()
    first = engine.submit(open_case("first"))
    assert faulty.entered.wait(SECONDS)
    return [first, *(engine.submit(command) for command in commands)]


def tamper(url: str, statement: str) -> None:
    """Execute a statement as the database's administrator."""
    admin = create_engine(url)
    with admin.begin() as connection:
        connection.execute(text(statement))
    admin.dispose()
