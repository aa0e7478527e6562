"""Several processes that share an address: started, started again, stopped together."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from kit.sited import Site
from kit.town import TIMEOUT
from placement_client.refusals import evened

from placement.api.v1 import check_service_pb2 as check
from placement.errors import UnavailableError
from placement.ops.alone import alone
from placement.ops.processes import hold
from tests.kit import processes
from tests.kit.processes import fresh, insist

ROOT = Path(__file__).parents[3]
SECONDS = 60
COUNT = 3
OPEN = "/placement.api.v1.CheckService/OpenCase"
QUICK = (
    "import sys; sys.path.insert(0, '.'); from placement.ops import processes;"
    "processes.AGAIN = (0.05, 0.1);"
    "from placement.ops.main import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture
def folder(tmp_path, postgres_url):
    """Settings of a server of several processes, whose anchors ``init`` has made."""
    processes.prepare(tmp_path, 1, postgres_url)
    settings = tmp_path / "0.toml"
    settings.write_text(settings.read_text() + f"processes = {COUNT}\n")
    for number in range(2, COUNT + 1):
        shutil.copy(
            tmp_path / "placement.anchor", tmp_path / f"placement.anchor.{number}"
        )
    return tmp_path


@contextmanager
def started(settings):
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", QUICK, "serve", "--settings", settings],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.kill()


def said(server):
    """Return the port that it says it serves on."""
    line = server.stdout.readline()
    found = re.fullmatch(r"Serving on port (\d+)\.\n", line)

    assert found, line + server.stderr.read()
    return int(found[1])


def children(server):
    path = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return set(map(int, path.read_text().split()))


def until(true):
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def connect(folder, port, name="one"):
    """Connect anew, to whichever of them the kernel picks."""
    pki = folder / "pki"
    credentials = grpc.ssl_channel_credentials(
        *(
            (pki / file).read_bytes()
            for file in ("ca.pem", f"{name}.key", f"{name}.pem")
        )
    )
    options = [("grpc.use_local_subchannel_pool", 1)]
    return evened(grpc.secure_channel(f"localhost:{port}", credentials, options))


def open_case(folder, port):
    """Open a case over a connection of its own; return its handle."""
    request = check.OpenCaseRequest(
        request_id=fresh(),
        pseudonyms=[fresh(32)],
        reference="SN 1",
        basis=check.BASIS_POLICE,
    )
    with connect(folder, port) as channel:
        answer = insist(channel.unary_unary(OPEN), request.SerializeToString())
    return check.OpenCaseResponse.FromString(answer).case_handle


def connections(server, port):
    """Return how many connections each process has at the address."""
    wanted = f":{port:04X}"
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    inodes = {
        fields[9]
        for fields in lines
        if fields[1].endswith(wanted) and fields[3] == "01"
    }
    found = {}
    for pid in children(server):
        links = set()
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                links.add(str(each.readlink()))
        found[pid] = sum(f"socket:[{inode}]" in links for inode in inodes)
    return found


@pytest.mark.slow
@pytest.mark.postgres
def test_each_serves_and_any_answers_for_all(folder):
    """Connections are spread; what one acknowledged, the others know."""
    with started(folder / "0.toml") as server:
        port = said(server)
        case = open_case(folder, port)
        show = check.ShowCaseRequest(case_handle=case).SerializeToString()
        channels = [connect(folder, port) for _ in range(24)]
        shown = [
            channel.unary_unary("/placement.api.v1.CheckService/ShowCase")(
                show, timeout=TIMEOUT
            )
            for channel in channels
        ]
        spread = connections(server, port)
        for channel in channels:
            channel.close()
        server.terminate()
        out, err = server.communicate(timeout=SECONDS)

    assert len(shown) == 24
    assert len(spread) == COUNT
    assert sum(count > 0 for count in spread.values()) > 1
    assert (server.returncode, out) == (0, "Stopped.\n"), err


@pytest.mark.slow
@pytest.mark.postgres
def test_whoever_is_killed_is_started_again(folder):
    """While the others answer; nothing acknowledged is gone."""
    with started(folder / "0.toml") as server:
        port = said(server)
        cases, before = [open_case(folder, port)], children(server)
        for pid in sorted(before):
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not lives(pid))
            cases.append(open_case(folder, port))
            until(lambda: len(children(server)) == COUNT)
        after = children(server)
        show = check.ShowCaseRequest
        with connect(folder, port) as channel:
            ask = channel.unary_unary("/placement.api.v1.CheckService/ShowCase")
            for case in cases:
                insist(ask, show(case_handle=case).SerializeToString())
        server.terminate()
        _, err = server.communicate(timeout=SECONDS)

    assert before.isdisjoint(after)
    assert err.count("process_ended") == COUNT
    assert server.returncode == 0


@pytest.mark.slow
@pytest.mark.postgres
def test_nobody_outlives_the_first(folder):
    """Even if it is killed, so that nobody tells them."""
    with started(folder / "0.toml") as server:
        said(server)
        others = children(server)
        server.kill()
        until(lambda: not any(map(lives, others)))

    assert len(others) == COUNT


@pytest.mark.slow
@pytest.mark.postgres
def test_an_address_has_one_server(folder):
    """Though its processes share it: another one is refused, and theirs goes on."""
    with started(folder / "0.toml") as server:
        port = said(server)
        text = (folder / "0.toml").read_text()
        text = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", text)
        (folder / "again.toml").write_text(text)
        with started(folder / "again.toml") as other:
            _, err = other.communicate(timeout=SECONDS)
        open_case(folder, port)
        server.terminate()
        server.communicate(timeout=SECONDS)

    assert other.returncode == 1
    assert "in use" in err


@pytest.mark.slow
@pytest.mark.postgres
def test_none_serves_unless_all_anchors_hold(folder):
    """One that is missing could have said that the database is an older one."""
    (folder / "placement.anchor.3").unlink()
    with started(folder / "0.toml") as server:
        out, err = server.communicate(timeout=SECONDS)

    assert (server.returncode, out) == (1, "")
    assert "The database: Nothing is served.\nThe anchor is not there" in err
    assert f"copy {folder}/placement.anchor to {folder}/placement.anchor.3" in err
    assert "placement.anchor.3; each process has its own" in err
    assert err.endswith("Nothing is served.\n")


@pytest.mark.slow
@pytest.mark.postgres
def test_a_process_that_does_not_start_stops_all(folder):
    """What is wrong is said once by each, and nobody is answered."""
    (folder / "pki" / "server.pem").write_text("no certificate\n")
    with started(folder / "0.toml") as server:
        out, err = server.communicate(timeout=SECONDS)

    assert (server.returncode, out) == (1, "")
    assert "Process " in err
    assert err.endswith("Nothing is served.\n")


@pytest.fixture
def site(tmp_path, postgres_url, monkeypatch):
    """A server with its key in a token."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    made = Site(tmp_path)
    made.pki.server()
    made.write(
        profile='"development"',
        database=f'"{postgres_url}"',
        keys=f'"sqlite:///{tmp_path}/keys.db"',
        processes="2",
    )
    made.make()
    return made


@pytest.mark.slow
@pytest.mark.postgres
def test_a_sealed_start_opens_each(site):
    """Asked once, told to all; whoever is started again needs nobody."""
    with started(site.settings) as server:
        sealed = server.stdout.readline()
        port = said(server)
        (first, *_) = before = sorted(children(server))
        os.kill(first, signal.SIGKILL)
        until(lambda: first not in children(server) and len(children(server)) == 2)
        time.sleep(0.1)
        server.terminate()
        out, err = server.communicate(timeout=SECONDS)

    assert sealed == f"Sealed on port {port}.\n"
    assert len(before) == 2
    assert (server.returncode, out) == (0, "Stopped.\n"), err


@pytest.mark.postgres
@pytest.mark.slow
def test_a_wrong_pin_is_tried_once(site):
    """However many processes there are: tokens lock themselves."""
    (site.folder / "credentials" / "pin").write_bytes(b"000000")
    with started(site.settings) as server:
        out, err = server.communicate(timeout=SECONDS)

    assert out.startswith("Sealed on port")
    assert server.returncode == 1
    assert "refuses this PIN" in err
    assert site.run("fsck") == 1
    (site.folder / "credentials" / "pin").write_bytes(site.token.pin)
    assert site.run("fsck") == 0


def test_an_address_is_held_for_those_of_one_user():
    """It has a port before anybody listens; a stranger can't take it."""
    held, address = hold("127.0.0.1:0")
    with held:
        host, _, port = address.rpartition(":")
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((host, int(port)))
        with socket.socket() as one, pytest.raises(OSError, match="in use"):
            hold(address)
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((host, int(port)))
            one.listen()

    assert host == "127.0.0.1"


def test_sqlite_has_one_server(tmp_path):
    """Another one is told so, and what to do."""

    class Given:
        database = f"sqlite:///{tmp_path}/placement.db"

    class Elsewhere:
        database = "postgresql://there"

    with (
        alone(Given),
        alone(Elsewhere),
        alone(Elsewhere),
        pytest.raises(UnavailableError) as refused,
        alone(Given),
    ):
        raise AssertionError
    with alone(Given):
        pass
    lock = tmp_path / "placement.db-server"

    assert refused.value.notes[0].startswith("Another server has this database.")
    assert lock.stat().st_mode & 0o777 == 0o600


def test_a_link_to_a_database_is_the_database(tmp_path):
    """Whichever way leads there, it has one server."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "placement.db").touch()
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "link.db").symlink_to(tmp_path / "folder" / "placement.db")
    names = ("real/placement.db", "folder/placement.db", "link.db", "real/../link.db")
    refused = []
    for name in names:
        with alone(SimpleNamespace(database=f"sqlite:///{tmp_path}/real/placement.db")):
            try:
                with alone(SimpleNamespace(database=f"sqlite:///{tmp_path}/{name}")):
                    pass
            except UnavailableError:
                refused.append(name)

    assert tuple(refused) == names
