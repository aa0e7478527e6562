"""An operator's folder, and a server's store in it."""

from pathlib import Path

from kit.certs import Pki
from kit.commands import open_case
from placement.app import read_ruleset
from placement.audit.note import Signer
from placement.config import Settings, load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.ops.main import main
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.store.log import Store

SECONDS = 30
SPOILED = "What is stored does not verify, or the key is another store's."


def laid(folder: Path) -> Path:
    """Lay settings and certificates into a folder, as the manual says."""
    Pki(folder).server()
    (folder / "placement.toml").write_text('address = "127.0.0.1:0"\n', "utf-8")
    return folder


def engine_of(settings: Settings) -> tuple[Store, Engine]:
    """Return a store and an engine that serves it."""
    store = Store.open(settings.database, FileCustody(settings.store_key))
    engine = Engine(
        store,
        Rules(read_ruleset(None)),
        custodian=Custodian.open(settings.custodian_key).key_id,
        signer=Signer(settings.log_name, SigningKey.open(settings.log_key)),
        clock=lambda: 1,
    )
    engine.start()
    return store, engine


def with_cases(place: Path) -> Path:
    """Make a store there, and two cases in it."""
    assert main(["init", "--settings", str(place / "placement.toml")]) == 0
    store, engine = engine_of(load(place / "placement.toml"))
    for name in ("h", "i"):
        engine.submit(open_case(name)).result(SECONDS)
        engine.publish().result(SECONDS)
    engine.stop()
    store.close()
    return place
