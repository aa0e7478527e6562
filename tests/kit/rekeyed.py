"""A registry and a custodian apart whose keys are changed, by commands in their folders."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kit.certs import Pki
from kit.operated import SECONDS
from placement.app import read_ruleset
from placement.audit.note import Signer
from placement.config import Settings, load, load_custodian
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.domain.decide.command import Command
from placement.ops.main import main
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.store.log import Store


def founded(place: Path) -> Path:
    """Lay settings and certificates of both kinds into a folder; make their stores."""
    pki = Pki(place)
    pki.server()
    for folder in ("registry", "custodian"):
        (place / folder).mkdir()
    (place / "registry" / "placement.toml").write_text(pki.settings, "utf-8")
    (place / "custodian" / "custodian.toml").write_text(
        f'origin = "police.test/log"\n{pki.settings}', "utf-8"
    )
    assert main(["init", *settings(place, "registry")]) == 0
    assert main(["custodian", "init", *settings(place, "custodian")]) == 0
    return place


def settings(place: Path, kind: str) -> list[str]:
    name = {"registry": "placement.toml", "custodian": "custodian.toml"}[kind]
    return ["--settings", str(place / kind / name)]


def key_file(place: Path, kind: str) -> Path:
    return place / kind / "custodian.key"


def typing_at(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command: → exit code, stdout, stderr."""
    capsys.readouterr()

    def typed(kind: str, name: str, *words: str) -> tuple[int, str, str]:
        apart = ["--custodian"] if kind == "custodian" else []
        rest = [*apart, *settings(place, kind), *words]
        capsys.readouterr()
        code = main(["changeover", name, *rest])
        return code, *capsys.readouterr()

    return typed


def store_of(given: Settings) -> Store:
    return Store.open(given.database, FileCustody(given.store_key), given.keys)


def decide(place: Path, *commands: Command, kind: str = "registry") -> None:
    """Have an engine decide commands; it starts if the key that is there fits its log."""
    if kind == "registry":
        given = load(place / "registry" / "placement.toml")
        founder = Custodian.open(given.custodian_key).key_id
    else:
        given = load_custodian(place / "custodian" / "custodian.toml").server
        founder = Custodian.open(given.custodian_key).log_id
    with closing(store_of(given)) as store:
        engine = Engine(
            store,
            Rules(read_ruleset(None)),
            custodian=founder,
            signer=Signer(given.log_name, SigningKey.open(given.log_key)),
            clock=lambda: 1,
        )
        engine.start()
        for command in commands:
            engine.submit(command).result(SECONDS)
        engine.stop()
