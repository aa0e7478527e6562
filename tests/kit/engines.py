"""What the tests of the engine do with it, and with the database behind it."""

from concurrent.futures import Future

from sqlalchemy import create_engine, text

from kit.commands import open_case
from kit.faults import FaultyStore
from placement.audit.entry import Entry, parse
from placement.domain.decide.command import Command
from placement.service.engine import Answer, Engine
from placement.service.entries import Refused
from placement.store.log import Store

SECONDS = 20


def answer(engine: Engine, command: Command | Refused) -> Answer:
    return engine.submit(command).result(SECONDS)


def entries(store: Store) -> list[Entry]:
    """Return every entry of the access log."""
    return [parse(content) for _, content in store.entries(0, 10_000)]


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
