"""A network between a server and its database that can be cut, swallowed, slowed.

``Network`` is a process with a gate for each server: a port on this machine behind which
the database stands. What a gate swallows is not lost: as with TCP, it comes when the gate
opens again, if both ends are still there to want it. Its kernel goes on acknowledging, so
nobody's TCP notices anything.

    pass    everything goes through
    cut     connections are reset, and new ones are
    hole    nothing goes through, either way; new connections hang
    up      nothing goes from the server to the database
    down    nothing goes from the database to the server
    slow    everything comes ``DELAY`` later

Nothing here imports another kit, so that commands can use it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

KINDS: Final = ("cut", "hole", "up", "down", "slow")
DELAY: Final = 0.15  # seconds
_CHUNK: Final = 1 << 16
_ROOT: Final = Path(__file__).parents[2]
_STOPS: Final = {"up": ("hole", "up"), "down": ("hole", "down")}


class Network:
    """The gates of some servers.

    Attributes:
        ports: of the gates.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.ports: list[int] = json.loads(process.stdout.readline())

    def set(self, gate: int, kind: str) -> None:
        """Let a gate do something from now on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{gate} {kind}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()


@contextmanager
def network(database: str, gates: int) -> Iterator[Network]:
    """Start gates.

    Args:
        database: path of a socket, or ``host:port``.
        gates: how many.
    """
    command = [sys.executable, "-m", "tests.kit.proxy", database, str(gates)]
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Network(process)
        finally:
            process.terminate()


class _Gate:
    """Where one server reaches the database."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._kind = "pass"
        self._changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> int:
        """Listen; return the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    def set(self, kind: str) -> None:
        """Do something else from now on."""
        self._kind = kind
        if kind == "cut":
            for writer in self._open:
                _reset(writer)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        if self._kind == "cut":
            _reset(writer)
        try:
            await self._until_through("up")
            host, _, port = self._database.rpartition(":")
            far_reader, far_writer = await (
                asyncio.open_connection(host, int(port))
                if host
                else asyncio.open_unix_connection(self._database)
            )
        except OSError:
            _reset(writer)
            self._open.discard(writer)
            return
        self._open.add(far_writer)
        ways = (("up", reader, far_writer), ("down", far_reader, writer))
        await asyncio.gather(*(self._carry(*way) for way in ways))
        self._open -= {writer, far_writer}

    async def _carry(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry what comes one way, until its end."""
        with suppress(OSError):
            while content := await reader.read(_CHUNK):
                if self._kind == "slow":
                    await asyncio.sleep(DELAY)
                await self._until_through(way)
                writer.write(content)
                await writer.drain()
            await self._until_through(way)
        with suppress(OSError):
            writer.close()

    async def _until_through(self, way: str) -> None:
        while self._kind in _STOPS[way]:
            await self._changed.wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a machine does that knows nothing of it."""
    writer.transport.abort()


async def _main(database: str, count: int) -> None:
    gates = [_Gate(database) for _ in range(count)]
    _tell(json.dumps([await gate.listen() for gate in gates]))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        gate, kind = line.decode().split()
        gates[int(gate)].set(kind)
        _tell("set")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def through(url: str, port: int) -> str:
    """Return the URL of a PostgreSQL behind a gate."""
    from sqlalchemy import make_url  # noqa: PLC0415 (the gates' process needs none)

    parsed = make_url(url)
    moved = parsed.set(host="127.0.0.1", port=port).difference_update_query(["host"])
    return moved.render_as_string(hide_password=False)


def socket_of(url: str) -> str:
    """Return the path of the socket that a URL names."""
    from sqlalchemy import make_url  # noqa: PLC0415 (the gates' process needs none)

    folder = make_url(url).query["host"]
    return f"{folder}/.s.PGSQL.5432"


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
