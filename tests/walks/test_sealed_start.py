"""A server in production starts sealed, opens on its token, and then serves."""

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.sited import Site
from kit.town import PATHS, STREAMS, TIMEOUT

from placement.crypto.hsm import TokenCustody
from placement.crypto.keyfile import is_wrapped
from placement.crypto.signing import LOG_LABEL
from placement.errors import UnavailableError
from placement.rpc.even import SIZES
from placement.rpc.health import CUSTODY, HARDENING
from placement.rpc.methods import METHODS

ROOT = Path(__file__).parents[2]
SECONDS = 30
# A container runs as root, which the profile refuses; all else is as it is.
AS_USER = (
    "import os, sys; os.geteuid = lambda: 1000; sys.path.insert(0, '.');"
    "from placement.ops.main import main; sys.exit(main(sys.argv[1:]))"
)
PYTHON = (sys.executable, "-W", "error", "-c")
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    made = Site(tmp_path)
    made.make()
    return made


def started(site, **pipes):
    return subprocess.Popen(
        [*PYTHON, AS_USER, "serve", "--settings", str(site.settings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **pipes,
    )


def health(channel, name):
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=name)
    return stub.Check(request, timeout=TIMEOUT, wait_for_ready=True).status


def ask(channel, path):
    """Call a method with nothing; return the answer, as bytes."""
    if path in STREAMS:
        (answer,) = channel.unary_stream(path)(b"", timeout=TIMEOUT)
        return answer
    return channel.unary_unary(path)(b"", timeout=TIMEOUT)


@pytest.mark.slow
def test_a_server_starts_sealed_and_opens_on_its_token(site):
    """Every method is refused in one text, until the PIN comes; then it serves."""
    reading, writing = os.pipe()
    site.write(unlock=f'"fd:{reading}"')
    with started(site, pass_fds=[reading]) as server:
        first = server.stdout.readline()
        port = re.fullmatch(r"Sealed on port (\d+)\.\n", first)[1]
        with closing(site.connect(port)) as channel:
            shut = [health(channel, name) for name in ("", CUSTODY, "any")]
            answers = {path: ask(channel, path) for path in METHODS}
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary("/any/Method")(b"", timeout=TIMEOUT)
            os.write(writing, site.token.pin)
            os.close(writing)
            second = server.stdout.readline()
            opened = [health(channel, name) for name in ("", CUSTODY)]
            hardened = health(channel, HARDENING)
            locked = memory(server.pid)["VmLck"]
            answer = ask(channel, PATHS["CheckPlacement"])
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=SECONDS)
    os.close(reading)

    assert shut == [NOT_SERVING] * 3
    assert all(UnavailableError.text.encode() in each for each in answers.values())
    assert sizes(answers) == {path: SIZES[path] for path in METHODS}
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert refused.value.details() == UnavailableError.text
    assert second == f"Serving on port {port}.\n"
    assert opened == [SERVING] * 2
    assert (hardened == SERVING) == (locked != "0 kB")
    assert (hardened == SERVING) or "memory_not_locked" in err
    assert UnavailableError.text.encode() not in answer
    assert server.returncode == 0


def sizes(answers):
    return {path: len(answer) for path, answer in answers.items()}


def memory(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(map(str.strip, line.split(":", 1)) for line in lines)


def test_what_lies_on_the_disk_opens_with_the_token_alone(site):
    """The log's key is wrapped; nobody has the custodians' here."""
    settings = site.load()

    assert is_wrapped(settings.log_key, LOG_LABEL)
    assert not settings.custodian_key.exists()
    assert not settings.store_key.exists()


def test_the_key_comes_back_from_three_shares(site, capsys):
    """Into another token, after this one is gone; fsck says that all is there."""
    files = sorted((site.folder / "shares").iterdir())
    texts = [file.read_text() for file in files]
    with closing(open_token(site)) as custody:
        custody.destroy()
    assert site.run("fsck") == 1
    capsys.readouterr()
    chosen = [word for file in files[1:4] for word in ("--share", str(file))]
    recovered = site.run("custody", "recover", *chosen)
    told = capsys.readouterr()
    again = site.run("fsck")
    verified = capsys.readouterr()

    assert (recovered, again) == (0, 0), told
    assert told.out.startswith("Brought the key back; it opens this store.")
    assert verified.out.startswith("Verified ")
    assert len(files) == 5
    assert not [text for text in texts if text.strip() in told.out + told.err]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def open_token(site):
    return TokenCustody(site.token.module, site.token.label, site.token.pin)
