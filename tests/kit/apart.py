"""A server in a process of its own, whose memory and log lines can be read.

Run as a program it serves until its standard input ends.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement_client.profile import Contexts, Profile, save

from kit.people import Person
from kit.served import Served
from placement.audit.note import render_key

ROOT = Path(__file__).parents[2]


def serve(folder: Path, names: list[str]) -> None:
    """Serve some coordinators, each named ``region/person``."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    with Served(folder) as served:
        pairs = {
            name: served.pki.client("coordinator", *name.split("/")) for name in names
        }
        told = {
            "server": f"localhost:{served.port}",
            "ca": str(served.pki.paths.authority),
            "custodian_key": served.custodian.public_key.hex(),
            "log_key": render_key(served.log_key),
            "pairs": {
                name: [str(pair.certificate_path), str(pair.key_path)]
                for name, pair in pairs.items()
            },
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


@dataclass
class Apart:
    """Such a server, seen from outside."""

    folder: Path
    process: "subprocess.Popen[str]"
    told: dict[str, Any]

    def become(self, name: str, label_key: Path | None = None) -> Person:
        """Return somebody with a terminal."""
        certificate, key = self.told["pairs"][name]
        profile = Profile(
            certificate=certificate,
            key=key,
            label_key=str(label_key or ""),
            **{k: v for k, v in self.told.items() if k != "pairs"},
        )
        home = self.folder / name.replace("/", "-")
        save(Contexts().add("here", profile), home / "contexts.toml")
        return Person(home, label_key or home / "labels-here.key")

    def memory(self) -> bytes:
        """Return every byte of the process that may be read."""
        place = Path(f"/proc/{self.process.pid}")
        parts = []
        with (place / "mem").open("rb", 0) as memory:
            for line in (place / "maps").read_text("ascii").splitlines():
                span, rights, *_ = line.split()
                if not rights.startswith("rw"):
                    continue
                start, end = (int(each, 16) for each in span.split("-"))
                memory.seek(start)
                try:
                    parts.append(memory.read(end - start))
                except OSError:  # the kernel's own
                    continue
        return b"".join(parts)

    def lines(self) -> bytes:
        """Return what it logged, at every level."""
        return (self.folder / "server.err").read_bytes()


@contextmanager
def apart(folder: Path, *names: str) -> Iterator[Apart]:
    """Start a server for some coordinators; it ends with the block."""
    store = folder / "store"
    store.mkdir()
    with (folder / "server.err").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kit.apart", str(store), *names],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'client'}:{ROOT / 'tests'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            assert process.stdout is not None
            yield Apart(folder, process, json.loads(process.stdout.readline()))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2:])
