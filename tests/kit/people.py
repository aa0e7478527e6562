"""Persons with a certificate and a terminal, before one whole server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from placement_client.labels import create_label_key
from placement_client.profile import Contexts, Profile, save

from kit.noon import NOON, commands_at
from kit.numbers import number
from kit.served import Served
from kit.terminal import run
from placement.audit.note import render_key

LONG: Final = timedelta(days=3)
"""For which certificates are valid: at noon, too, which may be tomorrow's."""


@dataclass
class Person:
    """Somebody with a certificate and a terminal."""

    folder: Path
    label_key: Path

    def __call__(self, *words: Any, stdin: str | None = None, code: int = 0) -> Any:
        """Run a command; return its object once the exit code is the expected one."""
        config = str(self.folder / "contexts.toml")
        result = run((*words, "--json"), stdin=stdin, PLACEMENT_CONFIG=config)

        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def shown(self, *words: Any) -> str:
        """Run a command that shall succeed; return what a person sees."""
        result = run(words, PLACEMENT_CONFIG=str(self.folder / "contexts.toml"))

        assert result.exit_code == 0, result.output
        return result.stdout

    def opened(self, *serials: int, reference: str = "SN 1") -> str:
        """Open a case of computed people and return its handle."""
        answer = self(
            *("case", "open", "--reference", reference, "--basis", "police"),
            "--identifier-stdin",
            stdin="\n".join(number(serial=serial) for serial in serials),
        )
        return str(answer["case_handle"])


@contextmanager
def people(folder: Path, **settings: Any) -> Iterator[Callable[..., Person]]:
    """Start a server, with settings of its own; yield how to become somebody: role, organisation, person.

    They share one label key, but for whoever is to have ``keys=""``, none at all, and
    all clocks show noon.
    """
    label_key = folder / "label.key"
    create_label_key(label_key)
    with commands_at(NOON), Served(folder, clock=NOON, **settings) as served:

        def become(
            role: str, organisation: str, person: str, *, keys: str = str(label_key)
        ) -> Person:
            pair = served.pki.client(role, organisation, person, lifetime=LONG)
            own = folder / f"{person}-home"
            profile = Profile(
                server=f"localhost:{served.port}",
                certificate=str(pair.certificate_path),
                key=str(pair.key_path),
                ca=str(served.pki.paths.authority),
                custodian_key=served.custodian.public_key.hex(),
                label_key=keys,
                log_key=render_key(served.log_key),
            )
            save(Contexts().add("here", profile), own / "contexts.toml")
            return Person(own, label_key)

        yield become
