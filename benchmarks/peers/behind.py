"""``make bench-behind``: full checks beside a peer's bare answers, on the same wire.

The service checks as ever: who calls, a case, all rules, phantom stays and an entry of
the access log that is on the disk before the answer. A peer behind the same library, with
the same certificates, loop and sizes, answers the same kind of question about a set of
the same size, and does nothing else. Measured in turn, round by round, at 1, 16 and 64
clients; the ratio counts. A bare echo is the most that there is to be had.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

import uvloop

from benchmarks.channels import connect
from benchmarks.dataset import PATIENCE, Loader, Sizes
from benchmarks.peers.behind_host import ASK, QUESTIONS
from benchmarks.peers.run import PEERS
from benchmarks.run import (
    CHECK,
    Call,
    Figures,
    caller_of,
    checking,
    echoing,
    measured,
    today,
)
from benchmarks.serving import AREAS, CLIENTS, hosting, prepare, serving
from placement.rpc.even import SIZES

BEHIND: Final = ("PostgreSQL, one query", "SQLite, one query", "networkx, naive")
OURS: Final = "full checks"
HOST: Final = "benchmarks.peers.behind_host"


def main() -> int:
    """Measure, and print a table for each number of clients."""
    parser = argparse.ArgumentParser(prog="make bench-behind", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--factor", type=float, default=1.0, help="of the national set")
    parser.add_argument("--peers", nargs="+", choices=BEHIND, default=BEHIND)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="placement-behind-") as name:
        uvloop.run(measure(Path(name), args))
    return 0


async def measure(folder: Path, args: argparse.Namespace) -> None:
    """Serve everything at once, and ask in turn."""
    settings = prepare(folder)
    with ExitStack() as stack:
        port, echo_port, _ = stack.enter_context(serving(settings))
        callers = [caller_of(folder, index, port) for index in range(max(CLIENTS))]
        first, second = (connect(folder, f"co-0{n}", port) for n in (1, 2))
        loader = Loader(first, second, callers, AREAS, today())
        await loader.load(Sizes.national(args.factor), 1)
        asked: dict[str, list[Call]] = {OURS: [checking(each) for each in callers]}
        for name in args.peers:
            given = (PEERS[name], str(args.factor))
            (beside,) = stack.enter_context(hosting(settings, HOST, *given))
            asked[name] = [_asking(folder, n, beside) for n in range(len(callers))]
        numbers = range(len(callers))
        asked["echo"] = [echoing(folder, n, echo_port, SIZES[CHECK]) for n in numbers]
        for clients in CLIENTS:
            rounds = [
                {
                    name: await measured(calls[:clients], args.seconds)
                    for name, calls in asked.items()
                }
                for _ in range(args.rounds)
            ]
            _tell(clients, rounds)


def _tell(clients: int, rounds: list[dict[str, Figures]]) -> None:
    """Print what was measured at one number of clients."""
    heads = ("a second", "p50 ms", "p99 ms", "full checks by it")
    print(f"\n{f'{clients} clients':24}" + "".join(f"{each:>19}" for each in heads))
    for name in rounds[0]:
        own = [each[name] for each in rounds]
        ratio = median(each[OURS].per_second / each[name].per_second for each in rounds)
        print(
            f"{name:24}{median(each.per_second for each in own):19,.0f}"
            f"{median(each.p50 for each in own):19.2f}"
            f"{median(each.p99 for each in own):19.2f}{ratio:19.2f}",
            flush=True,
        )


def _asking(folder: Path, index: int, port: int) -> Call:
    """Return a call that asks a peer one question after the other."""
    channel = connect(folder, f"cw-{index:03}", port)
    ask: Callable[..., Any] = channel.unary_unary(ASK)
    number = index

    async def call() -> object:
        nonlocal number
        number = (number + 1) % QUESTIONS
        request = number.to_bytes(4, "big") + bytes(100)
        return await ask(request, timeout=PATIENCE)

    return call


if __name__ == "__main__":
    sys.exit(main())
