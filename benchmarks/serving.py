"""The servers under measurement: what they need, and how they are started and stopped."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Final

from placement.crypto.pki import SERVER_LIFETIME, Authority
from placement.domain.areas import parse_areas
from placement.ops.main import main as placement_server

CLIENTS: Final = (1, 16, 64)
ROOT: Final = Path(__file__).parents[1]
AREAS: Final = tuple(
    parse_areas(
        (files("placement.domain") / "data" / "municipalities.csv").read_text("utf-8")
    )
)
AT_ONCE: Final = "pace = 0\n"
"""The line by which answers leave as soon as they are made."""

CALLERS: Final[Mapping[str, str]] = {
    **{f"co-{n:02}": f"coordinator/national/co-{n:02}" for n in (1, 2)},
    **{f"cw-{n:03}": f"caseworker/{AREAS[n]}/cw-{n:03}" for n in range(max(CLIENTS))},
}
"""Who loads a data set, and who asks."""

_DOMAIN: Final = "bench.placement"


def prepare(
    folder: Path, people: Mapping[str, str] = CALLERS, lines: str = AT_ONCE
) -> Path:
    """Make certificates, keys, an empty store and the settings.

    Args:
        folder: for all of them.
        people: role, organisation and person, by the name of the certificate's files.
        lines: what the settings say further.
    """
    now = datetime.fromtimestamp(time.time(), UTC)
    authority = Authority.create(folder / "pki", name="bench", now=now)
    authority.issue_server("server", ["localhost"], now=now, lifetime=SERVER_LIFETIME)
    for name, person in people.items():
        uri = f"spiffe://{_DOMAIN}/{person}"
        authority.issue_client(name, uri, now=now, lifetime=timedelta(hours=12))
    settings = folder / "placement.toml"
    settings.write_text(
        f'address = "127.0.0.1:0"\ntrust_domain = "{_DOMAIN}"\n{lines}', "utf-8"
    )
    with redirect_stdout(StringIO()):
        failed = placement_server(["init", "--settings", str(settings)])
    if failed:
        raise SystemExit(1)
    return settings


def by_person(people: Iterable[str]) -> dict[str, str]:
    """Return people, role/organisation/person, by the last of these."""
    return {each.rpartition("/")[2]: each for each in people}


@contextmanager
def serving(settings: Path, *how: str) -> Iterator[tuple[int, int, Callable[[], int]]]:
    """Run the server under measurement; yield its ports and how to stop it.

    Args:
        settings: the server's.
        how: what ``benchmarks.host`` is to do otherwise.
    """
    command = [sys.executable, "-m", "benchmarks.host", str(settings), *how]
    environment = os.environ | {"GRPC_VERBOSITY": "ERROR"}
    with (settings.parent / "server.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def finish() -> int:
        """Stop the server and return its memory at the peak, in KiB."""
        server.terminate()
        said, _ = server.communicate(timeout=120)
        return int(said)

    try:
        if server.stdout is None:
            raise SystemExit("the server has no voice")
        ports = server.stdout.readline().split()
        if len(ports) != 2:
            raise SystemExit((settings.parent / "server.log").read_text())
        yield int(ports[0]), int(ports[1]), finish
    finally:
        server.kill()
        server.wait()


@contextmanager
def hosting(settings: Path, module: str, *given: str) -> Iterator[list[int]]:
    """Run a host of another kind; yield the ports that it says it has.

    Args:
        settings: whose folder holds its certificates and its log.
        module: which.
        given: its arguments behind the settings.
    """
    with (settings.parent / "server.log").open("ab") as log:
        host = subprocess.Popen(
            [sys.executable, "-m", module, str(settings), *given],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        ports = host.stdout.readline().split() if host.stdout else []
        if not ports:
            raise SystemExit((settings.parent / "server.log").read_text())
        yield list(map(int, ports))
    finally:
        host.terminate()
        host.wait()


def another(settings: Path, number: int) -> Path:
    """Make the settings of one more server on the same database."""
    other = settings.with_name(f"other-{number}.toml")
    anchor = settings.with_name(f"other-{number}.anchor")
    other.write_text(
        settings.read_text("utf-8") + f'anchor = "{anchor.name}"\n', "utf-8"
    )
    shutil.copy(settings.with_name("placement.anchor"), anchor)
    return other
