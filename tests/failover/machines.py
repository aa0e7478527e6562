"""Three machines on this one: each with etcd, Patroni and PostgreSQL.

What they run is ``docs/patroni.yml`` itself; only addresses, folders and passwords are
other ones, and each Patroni knows its own machine's etcd alone, so that it can be cut off
from etcd by itself.
"""

import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import psycopg
import yaml

from tests.failover import tls
from tests.failover.installed import ROOT, patroni, programs, user
from tests.kit.processes import free_ports

NAMES: Final = ("one", "two", "three")
PATIENCE: Final = 90.0  # seconds
WORDS: Final = {"superuser": "admin", "replication": "copies", "rewind": "rewinds"}
"""Passwords, of throw-away roles."""
PLACEMENT: Final = "places"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a machine is reached."""

    etcd: int
    peers: int
    patroni: int
    postgres: int


class Machine:
    """One of the three."""

    def __init__(self, name: str, folder: Path, ports: Ports) -> None:
        self.name = name
        self.ports = ports
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def configure(self, *, planted: bool) -> None:
        """Write its Patroni's file: the one of the documentation, moved here."""
        self._folder.mkdir()
        given = yaml.safe_load((ROOT / "docs/patroni.yml").read_text("utf-8"))
        text = json.dumps(given).replace("/etc/placement", str(self._folder.parent))
        given = json.loads(text.replace("10.0.0.0/24", "127.0.0.1/32"))
        given["name"] = self.name
        api = f"localhost:{self.ports.patroni}"
        given["restapi"] |= {"listen": api, "connect_address": api}
        given["etcd3"]["proxy"] = f"https://localhost:{self.ports.etcd}"
        del given["etcd3"]["hosts"]
        postgres = given["postgresql"]
        postgres |= {
            "listen": f"localhost:{self.ports.postgres}",
            "connect_address": f"localhost:{self.ports.postgres}",
            "data_dir": str(self.data),
            "bin_dir": str(programs()),
        }
        postgres["parameters"]["unix_socket_directories"] = str(self._folder)
        for role, word in WORDS.items():
            postgres["authentication"][role]["password"] = word
        if planted:  # what the documentation warns of
            shared = given["bootstrap"]["dcs"]
            shared |= {"synchronous_mode": False, "synchronous_mode_strict": False}
            shared["maximum_lag_on_failover"] = 2**30
        (self._folder / "patroni.yml").write_text(yaml.safe_dump(given), "utf-8")

    @property
    def data(self) -> Path:
        """PostgreSQL's folder."""
        return self._folder / "data"

    @property
    def url(self) -> str:
        """PostgreSQL's address."""
        return f"localhost:{self.ports.postgres}"

    def start_etcd(self, peers: str) -> None:
        """Start its etcd."""
        client, peer = (
            f"https://localhost:{port}" for port in (self.ports.etcd, self.ports.peers)
        )
        certificates = self._folder.parent
        pair = {
            "cert-file": certificates / "postgres.pem",
            "key-file": certificates / "postgres.key",
            "trusted-ca-file": certificates / "ca.pem",
        }
        options: dict[str, object] = {
            "name": self.name,
            "data-dir": self._folder / "etcd",
            "listen-client-urls": client.replace("localhost", "127.0.0.1"),
            "advertise-client-urls": client,
            "listen-peer-urls": peer.replace("localhost", "127.0.0.1"),
            "initial-advertise-peer-urls": peer,
            "initial-cluster": peers,
            "initial-cluster-state": "new",
            **pair,
            **{f"peer-{name}": path for name, path in pair.items()},
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        self._run(
            "etcd", ["etcd", "--client-cert-auth", *given, "--peer-client-cert-auth"]
        )

    def has_etcd(self) -> bool:
        """Tell whether its etcd knows of which version all of them are."""
        word = self._asked(f"https://localhost:{self.ports.etcd}/version")
        return not word.get("etcdcluster", "3.0").startswith("3.0")

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        self._run("patroni", [patroni() or "", str(self._folder / "patroni.yml")])

    def _run(self, name: str, command: Sequence[str]) -> None:
        around = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=self._folder,
                env=around,
                stdout=log,
                stderr=log,
                user=user(),
            )

    def etcd(self) -> list[int]:
        """Return the processes of etcd."""
        return [self._running["etcd"].pid]

    def postgres(self) -> list[int]:
        """Return the processes of PostgreSQL, its postmaster first."""
        with suppress(OSError, ValueError, IndexError):
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
            return [postmaster, *children(postmaster)]
        return []

    def everything(self) -> list[int]:
        """Return all processes of the machine."""
        started = [process.pid for process in self._running.values()]
        below = [child for one in started for child in children(one)]
        return list(dict.fromkeys([*started, *below, *self.postgres()]))

    def lose(self) -> None:
        """Kill all of it at once, as when the power is cut."""
        signal_all(self.everything(), signal.SIGKILL)
        for process in self._running.values():
            process.wait()

    def word(self) -> dict[str, Any]:
        """Return what its Patroni says of it; nothing if it does not answer."""
        return self._asked(f"https://localhost:{self.ports.patroni}/patroni")

    def cluster(self) -> list[dict[str, Any]]:
        """Return what its Patroni says of all machines."""
        word = self._asked(f"https://localhost:{self.ports.patroni}/cluster")
        return list(word.get("members", []))

    def _asked(self, url: str) -> dict[str, Any]:
        """Return what is answered under a URL; nothing if there is no answer."""
        place = self._folder.parent
        context = ssl.create_default_context(cafile=place / "ca.pem")
        context.load_cert_chain(place / "postgres.pem", place / "postgres.key")
        try:
            with urllib.request.urlopen(url, timeout=1, context=context) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            with suppress(ValueError, OSError):
                return dict(json.load(error))
        except (OSError, ValueError):
            pass
        return {}


class Machines:
    """All three, and who of them is the primary."""

    def __init__(self, folder: Path, *, planted: bool = False) -> None:
        ports = free_ports(4 * len(NAMES))
        self.folder = folder
        self.all = [
            Machine(name, folder / name, Ports(*ports[4 * place : 4 * place + 4]))
            for place, name in enumerate(NAMES)
        ]
        tls.issue(folder)
        for machine in self.all:
            machine.configure(planted=planted)
        self._peers = ",".join(
            f"{each.name}=https://localhost:{each.ports.peers}" for each in self.all
        )
        self._synchronous = not planted
        if (name := user()) is not None:
            known = pwd.getpwnam(name)
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, known.pw_uid, known.pw_gid)

    def start(self, *some: Machine) -> None:
        """Start some machines, or all."""
        chosen = some or self.all
        for machine in chosen:
            machine.start_etcd(self._peers)
        for machine in chosen:
            wait(machine.has_etcd, "etcd does not start")
            machine.start()

    def primary(self, but: Machine | None = None) -> Machine | None:
        """Return who says to be the primary; nobody, or somebody other than given."""
        for machine in self.all:
            word = machine.word() if machine is not but else {}
            if word.get("role") in {"master", "primary"} and word["state"] == "running":
                return machine
        return None

    def whole(self) -> bool:
        """Tell whether all follow one primary on its timeline, and one may succeed it."""
        leader = self.primary()
        members = [] if leader is None else leader.cluster()
        copies = Counter(member["role"] for member in members)
        timelines = {member.get("timeline") for member in members}
        follow = [member for member in members if member["state"] == "streaming"]
        if len(follow) != len(NAMES) - 1 or len(timelines) != 1:
            return False
        return copies["leader"] == 1 and copies["sync_standby"] == self._synchronous

    def cut(self, primary: Machine) -> None:
        """Let nobody copy a primary any more."""
        file = primary.data / "pg_hba.conf"
        refused = "hostssl replication all all reject\n"
        file.write_text(refused + file.read_text("utf-8"), "utf-8")
        self.administer(
            primary,
            "SELECT pg_reload_conf(), pg_sleep(0.3)",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_replication",
        )

    def end_sessions(self, but: Machine) -> None:
        """End the servers' sessions of whoever is primary instead of another one.

        They look for the primary anew, and may meet the one that was it.
        """
        primary = self.primary(but)
        if primary is not None:
            self.administer(
                primary,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'placement'",
            )

    def found(self, database: str = "placement", way: int = 1) -> str:
        """Return the URL under which servers find the primary, whoever it is.

        Args:
            database: its name.
            way: -1 for the order of the machines turned round.
        """
        hosts = "&".join(f"host={machine.url}" for machine in self.all[::way])
        return (
            f"postgresql://placement:{PLACEMENT}@/{database}?{hosts}"
            "&target_session_attrs=read-write&sslmode=verify-full"
            f"&sslrootcert={self.folder}/ca.pem"
        )

    def session(self, machine: Machine) -> psycopg.Connection:
        """Connect to a machine's database as its administrator."""
        return psycopg.connect(
            host="localhost",
            port=machine.ports.postgres,
            user="postgres",
            password=WORDS["superuser"],
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert=str(self.folder / "ca.pem"),
            connect_timeout=5,
        )

    def administer(self, machine: Machine, *statements: str) -> None:
        """Run statements as the administrator of a machine's database."""
        with self.session(machine) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running(folder: Path, *, planted: bool = False) -> Iterator[Machines]:
    """Have three machines that are whole, with the service's role and database."""
    machines = Machines(folder, planted=planted)
    try:
        machines.start()
        wait(machines.whole, "the machines don't get whole")
        primary = machines.primary()
        assert primary is not None
        machines.administer(
            primary,
            f"CREATE ROLE placement LOGIN PASSWORD '{PLACEMENT}'",
            "CREATE DATABASE placement OWNER placement",
            "CREATE DATABASE placement_keys OWNER placement",
        )
        yield machines
    finally:
        for machine in machines.all:
            machine.lose()


def wait(done: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it does not become so.
    """
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections at a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def children(parent: int) -> list[int]:
    """Return the processes below one."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            above = path.read_text().rpartition(")")[2].split()[1]
            below.setdefault(int(above), []).append(int(path.parent.name))
    found = below.get(parent, [])
    for child in found:
        found += below.get(child, [])
    return found


def signal_all(processes: Sequence[int], number: int) -> None:
    """Send a signal to processes, those that have ended aside."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
