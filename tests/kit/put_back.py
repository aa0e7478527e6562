"""A server's folder where an older database was put back."""

import shutil
from contextlib import closing
from pathlib import Path

from kit.commands import open_case
from kit.engines import SECONDS
from placement.app import read_ruleset
from placement.audit.note import Signer
from placement.config import Settings, load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.store.anchor import Anchor
from placement.store.log import Store


def put_back(place: Path) -> None:
    """Put the older database and keys in the place of those of now."""
    for name in ("placement.db", "placement.keys.db"):
        for end in ("-wal", "-shm"):
            (place / f"{name}{end}").unlink(missing_ok=True)
        shutil.copyfile(place / f"old-{name}", place / name)


def opened_store(place: Path) -> tuple[Settings, Store]:
    settings = load(place / "placement.toml")
    return settings, Store.open(settings.database, FileCustody(settings.store_key))


def serve(place: Path, name: str) -> None:
    """Start a server, have something recorded, and stop it."""
    settings, store = opened_store(place)
    with closing(store):
        engine = Engine(
            store,
            Rules(read_ruleset(None)),
            custodian=Custodian.open(settings.custodian_key).key_id,
            signer=Signer(settings.log_name, SigningKey.open(settings.log_key)),
            clock=lambda: 1,
            anchor=Anchor(settings.anchor, store),
        )
        try:
            engine.start()
            engine.submit(open_case(name)).result(SECONDS)
        finally:
            engine.stop()
