"""``make audit-drill``: export from a live server, verify offline, alter, see it refused.

The bundle is made and verified by the client as it is installed alone, in an environment
of its own. Before verifying, the server is stopped, and in the verifying processes every
connection is an error. Then one bit is flipped in each of 100 places, and every such
bundle must be refused.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from kit.town import Town

from placement.api.v1 import check_service_pb2 as check
from placement.audit.note import render_key

PLACES = 100
QUESTIONS = 60
UNVERIFIED = 5
BUNDLE = "drill.placement-audit.zip"
OFFLINE = '''"""No connection can be made."""
import socket

def refuse(*_: object, **__: object) -> None:
    raise OSError("the drill is offline")

socket.socket.connect = refuse
socket.create_connection = refuse
'''


class Client:
    """The command line of an environment that has the client alone.

    Args:
        program: its ``placement``.
        folder: where its contexts and files are.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program.absolute()
        self._folder = folder
        (folder / "offline").mkdir()
        (folder / "offline" / "sitecustomize.py").write_text(OFFLINE, "utf-8")

    def run(
        self, *words: str, offline: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "PLACEMENT_CONFIG": str(self._folder / "contexts.toml"),
            "GRPC_VERBOSITY": "NONE",
        }
        if offline:
            environment["PYTHONPATH"] = str(self._folder / "offline")
        return subprocess.run(
            [str(self._program), *words],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *words: str, offline: bool = False) -> str:
        """Run a command that shall succeed."""
        done = self.run(*words, offline=offline)
        if done.returncode:
            raise SystemExit(f"{' '.join(words[:2])}: {done.stdout}{done.stderr}")
        return done.stdout

    def has(self, module: str) -> bool:
        """Tell whether a module can be imported there."""
        python = self._program.with_name("python")
        command = [str(python), "-c", f"import {module}"]
        return not subprocess.run(command, capture_output=True, check=False).returncode


def main(argv: list[str] | None = None) -> int:
    """Run the drill.

    Returns:
        0 if the bundle verifies and every altered one is refused.
    """
    parser = argparse.ArgumentParser(prog="make audit-drill")
    parser.add_argument("--client", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="placement-drill-") as name:
        folder = Path(name)
        client = Client(args.client, folder)
        if client.has("sqlalchemy") or client.has("networkx"):
            raise SystemExit("the environment has more than the client")
        print("1. An environment that has the client and no server.")
        export(client, folder)
        print("3. The server is stopped; from here on nothing can connect.")
        print(client.must("audit", "verify", BUNDLE, offline=True))
        return alter(client, folder, Random(args.seed))


def export(client: Client, folder: Path) -> None:
    """Fill a live server's log and take all of it along."""
    (folder / "server").mkdir()
    with Town(folder / "server") as town:
        for number in range(QUESTIONS):
            area = ("2480", "1480", "0180", "1280")[number % 4]
            town.done(
                "worker",
                "CheckPlacement",
                town.question(area),
                check.CheckPlacementResponse,
            )
        pair = town.served.pki.client("auditor", "imy", "au-01")
        for file, content in (
            ("ca.pem", town.served.pki.ca),
            ("auditor.pem", pair.certificate),
            ("auditor.key", pair.key),
        ):
            (folder / file).write_bytes(content)
            (folder / file).chmod(0o600)
        address = f"localhost:{town.served.port}"
        files = (
            "--ca",
            "ca.pem",
            "--certificate",
            "auditor.pem",
            "--key",
            "auditor.key",
        )
        key = render_key(town.served.log_key)
        client.must(
            *("context", "add", "drill", "--server", address, *files, "--log-key", key)
        )
        why = ("--purpose", "supervision", "--matter", "DI 2026-17")
        told = client.must("audit", "export", "--out", BUNDLE, "--first", "0", *why)
        print(f"2. From the live server: {told.splitlines()[0]}")


def alter(client: Client, folder: Path, draw: Random) -> int:
    """Flip one bit in each of many places; see every such bundle refused."""
    whole = (folder / BUNDLE).read_bytes()
    places = sorted(draw.sample(range(len(whole)), PLACES))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = Counter(
            pool.map(lambda place: _altered(client, folder, whole, place), places)
        )
    refused = codes[UNVERIFIED]
    print(
        f"4. One bit flipped in each of {PLACES} places of {len(whole):,} bytes: "
        f"{refused} of {PLACES} altered bundles were refused."
    )
    return 0 if refused == PLACES else 1


def _altered(client: Client, folder: Path, whole: bytes, place: int) -> int:
    bent = bytearray(whole)
    bent[place] ^= 1 << place % 8
    file = folder / f"{place}.placement-audit.zip"
    file.write_bytes(bent)
    return client.run("audit", "verify", file.name, offline=True).returncode


if __name__ == "__main__":
    sys.exit(main())
