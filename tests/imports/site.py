"""A server process that is killed and started again, and people with command lines."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Self

from placement_client.profile import Contexts, Profile, save

from placement.crypto.custody import FileCustody
from placement.domain.import_events import ImportKept
from placement.ops.main import main as placement_server
from placement.service.fold import load
from placement.store.log import Store
from tests.crash.run import DOMAIN, ROOT, free_port, serve, whom
from tests.imports.sheet import groups
from tests.kit.processes import answers

PEOPLE = {"coordinator": "co-01", "second": "co-02"}
ENTRY = "from placement_client.__main__ import main; main()"
A_CALL = 100  # groups registered in one


class Site:
    """``with Site(folder) as site: …``.

    Args:
        folder: for everything.

    Attributes:
        server: the process id.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = 0
        self._port = free_port()
        _prepare(folder, self._port)

    def __enter__(self) -> Self:
        self.start()
        self._people()
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.server, signal.SIGTERM)
        os.waitpid(self.server, 0)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self.server = serve(self.folder, 0)
        answers(self._port)

    def kill(self) -> ImportKept | None:
        """Kill the server as a power cut would, and start it again.

        Returns:
            How far the one import had come, as the store says before the start.
        """
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        store = Store.open(
            f"sqlite:///{self.folder}/placement.db",
            FileCustody(self.folder / "store.key"),
        )
        imports = load(store)[0].imports.by_id.values()
        store.close()
        self.start()
        return next(iter(imports), None)

    def begin(self, who: str, *words: object) -> "subprocess.Popen[str]":
        """Begin a command of somebody."""
        environment = os.environ | {
            "PLACEMENT_CONFIG": str(self.folder / who / "contexts.toml"),
            "GRPC_VERBOSITY": "NONE",
        }
        return subprocess.Popen(
            [sys.executable, "-c", ENTRY, *map(str, words), "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, who: str, *words: object) -> Any:
        """Run a command of somebody to its end; return what it printed."""
        printed, _ = self.begin(who, *words).communicate(timeout=600)
        return json.loads(printed)

    def insist(self, who: str, *words: object) -> Any:
        """Run a command again until it is no error."""
        for _ in range(60):
            found = self.ask(who, *words)
            if "error" not in found:
                return found
            time.sleep(0.5)
        raise SystemExit(f"refused: {found}")

    def _people(self) -> None:
        pki = self.folder / "pki"
        for who in PEOPLE:
            profile = Profile(
                server=f"localhost:{self._port}",
                certificate=str(pki / f"{who}.pem"),
                key=str(pki / f"{who}.key"),
                ca=str(pki / "ca.pem"),
                label_key=str(self.folder / "label.key"),
            )
            path = self.folder / who / "contexts.toml"
            save(Contexts().add("here", profile), path)
        self.ask("coordinator", "label-key", "create", self.folder / "label.key")
        names = groups()
        for start in range(0, len(names), A_CALL):
            some = names[start : start + A_CALL]
            self.insist("coordinator", "group", "register", "--new", *some)


def _prepare(folder: Path, port: int) -> None:
    (folder / "0.toml").write_text(
        f'address = "127.0.0.1:{port}"\ntrust_domain = "{DOMAIN}"\npace = 0\n', "utf-8"
    )
    place = ["--dir", str(folder / "pki")]
    client = ["pki", "issue-client", *place, "--trust-domain", DOMAIN, "--hours", "24"]
    with redirect_stdout(StringIO()):
        for command in (
            ["pki", "init", *place],
            ["pki", "issue-server", *place, "--host", "localhost"],
            *(
                [*client, "--name", name, *whom("coordinator", "syd", person)]
                for name, person in PEOPLE.items()
            ),
            ["init", "--settings", str(folder / "0.toml")],
        ):
            if placement_server(command):
                raise SystemExit(1)
