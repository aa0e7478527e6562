"""``make soak MINUTES=30``: 64 clients, the access log on, no error, no leak.

One server as it is installed (grid, ticks, SQLite), in a process of its own; 64
caseworkers with a certificate and a connection each ask checks without a pause. After a
warm-up a line is fitted to the memory that the server uses (``host``) while it writes no
snapshot, every four minutes: to the least of each. Whoever writes one folds the log once
more, which takes megabytes for some minutes; what that leaves behind is there afterwards.
A run too short to show anything may never rest: its line is through all that it used.

A question that is asked anew stays in memory for 30 days, since it may be sent again: a
server grows with what it is asked, by design. So each client asks some questions again
and again under their request ids, as after a lost answer. They take the whole way, are
decided anew and are entries of the access log, but leave nothing else behind; what grows
then is a leak. ``--fresh`` asks anew each time, and says what a question leaves.

The last line says OK only if it was measured for long enough: no call failed, each call
has its entry, the log verifies, and the slope with what it may be off is under the
limit. What is not long enough, or too noisy, is NOT SHOWN.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import uvloop
from placement_client.refusals import RefusedError

from benchmarks.channels import connect
from benchmarks.dataset import PATIENCE, Loader, Municipality, Sizes, fresh
from benchmarks.serving import ROOT, prepare
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.app import micros, read_areas
from placement.domain.terms import Micros, stockholm_day
from tests.soak.slope import Slope, blocks, slope

HOST = ("-m", "tests.soak.host")
ENVIRONMENT = {
    "GRPC_VERBOSITY": "NONE",
    "PYTHONUNBUFFERED": "1",
    "PYTHONMALLOC": "malloc",  # so that the C library knows of Python's objects, too
}
CLIENTS = 64
AREAS = 5
QUESTIONS = 4
"""That each client asks again and again."""
LIMIT = 1.0  # MiB an hour
LEAST = 15.0  # minutes from the first to the last block, or nothing is shown
WARM_UP = 0.2  # of the time
BLOCK = 240.0  # seconds; of a short run, less
FEWEST = 6  # blocks
SHOWN = 10.0  # seconds between two lines


@dataclass(slots=True)
class Seen:
    """What was seen of a run.

    Attributes:
        took: seconds of each call that was answered.
        leaves: index of the entry that each of them was told.
        failed: how calls failed, how often.
        memory: when, bytes that the server used, and whether it wrote no snapshot.
    """

    took: list[float] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the last line says.

    Attributes:
        word: OK, NOT SHOWN or FAILED.
        why: a clause.
    """

    word: str
    why: str

    @property
    def code(self) -> int:
        """The exit code."""
        return {"OK": 0, "FAILED": 1}.get(self.word, 2)


def judge(  # noqa: PLR0911 (one for each that can be said)
    seen: Seen, entries: int, minutes: float, line: Slope | None, *, fresh: bool
) -> Verdict:
    """Say what a run has shown.

    Args:
        seen: of it.
        entries: of the access log; 0 if it did not verify.
        minutes: that the line spans.
        line: through the memory of these, in MiB an hour.
        fresh: whether each question was a new one.
    """
    if seen.failed:
        return Verdict("FAILED", f"calls failed: {dict(seen.failed)}")
    each = len(set(seen.leaves)) == len(seen.leaves) == len(seen.took)
    if not seen.took or not each or max(seen.leaves) >= entries:
        return Verdict("FAILED", "the log does not verify, or lacks entries")
    if line is None:
        return Verdict("NOT SHOWN", "too short for a slope, or a snapshot all along")
    said = f"{line.per_second:+.2f} ± {line.error:.2f} MiB an hour"
    if fresh:
        return Verdict("NOT SHOWN", f"new questions stay in memory; {said}")
    if minutes < LEAST:  # what begins takes memory, too
        return Verdict("NOT SHOWN", f"too short; memory {said}")
    if line.per_second - line.margin >= LIMIT:
        return Verdict("FAILED", f"memory grows: {said}")
    is_sure = line.per_second + line.margin < LIMIT
    why = f"no call of {len(seen.took):,} failed; memory {said}"
    return Verdict("OK" if is_sure else "NOT SHOWN", why)


def main(argv: list[str] | None = None) -> int:
    """Run, and say what was seen.

    Returns:
        0 if it is OK, 1 if it failed, 2 if nothing was shown.
    """
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--fresh", action="store_true", help="ask anew each time")
    parser.add_argument("--leak", type=int, default=0, help="bytes that a call leaves")
    parser.add_argument("--factor", type=float, default=0.1, help="of the national set")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="placement-soak-") as name:
        verdict = uvloop.run(soak(Path(name), args))
    print(f"{verdict.word}: {verdict.why}.")
    return verdict.code


async def soak(folder: Path, args: argparse.Namespace) -> Verdict:
    """Load a data set, ask about it for as long as wanted, and judge."""
    settings = prepare(folder)
    used = folder / "used"
    text = settings.read_text("utf-8").replace("pace = 0\n", "")
    settings.write_text(text, "utf-8")
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: ASYNC220 (nothing else runs yet)
            [sys.executable, *HOST, str(settings), str(args.leak), str(used)],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[-1].rstrip("."))
        callers = [
            Municipality(CheckServiceStub(connect(folder, f"cw-{n:03}", port)), [])
            for n in range(CLIENTS)
        ]
        coordinators = [connect(folder, f"co-0{n}", port) for n in (1, 2)]
        codes, today = tuple(read_areas()), stockholm_day(Micros(micros()))
        loader = Loader(*coordinators, callers, codes, today)
        sizes = Sizes.national(args.factor)
        await loader.load(sizes, cases_each=2)
        print(f"{sizes.facts:,} facts loaded; {CLIENTS} clients, {args.minutes:g} min")
        asking = [_asking(each, codes, today, anew=args.fresh) for each in callers]
        seen = await _run(asking, used, args.minutes * 60)
    finally:
        server.terminate()
        code = server.wait(timeout=60)
    least = _least(seen, args.minutes * 60)
    entries = _entries(settings) if code == 0 else 0
    _tell(seen, entries, least, args)
    after = (least[-1][0] - least[0][0]) / 60 if least else 0.0
    return judge(seen, entries, after, _line(least), fresh=args.fresh)


def _asking(
    caller: Municipality, codes: tuple[str, ...], today: int, *, anew: bool
) -> Any:
    """Return what a client does: ask its next question."""
    start = int(caller.cases[0].hex(), 16) % (len(codes) - AREAS)
    questions = [
        check.CheckPlacementRequest(
            request_id=fresh(),
            case_handle=caller.cases[number % len(caller.cases)],
            candidates=[check.Candidate(area=code) for code in codes[start:][:AREAS]],
            window=wire.Window(start_day=today),
            justification=check.JUSTIFICATION_PLANNED,
            mode=check.CHECK_MODE_CHECK,
        )
        for number in range(QUESTIONS)
    ]
    turn, stub = cycle(questions), caller.stub

    async def ask() -> int:
        question = next(turn)
        if anew:
            question.request_id = fresh()
        answer = await stub.CheckPlacement(question, timeout=PATIENCE)
        if len(answer.verdicts) != AREAS or not answer.leaf_index:
            raise ValueError("an answer without verdicts, or without an entry")
        return int(answer.leaf_index)

    return ask


async def _run(asking: list[Any], used: Path, seconds: float) -> Seen:
    """Ask for so long; then read what the server said of its memory meanwhile."""
    seen, began = Seen(), time.monotonic()
    end = began + seconds

    async def go(ask: Any) -> None:
        while (now := time.monotonic()) < end:
            try:
                leaf = await ask()
            except (grpc.RpcError, RefusedError) as error:
                seen.failed[error.code().name] += 1
            except ValueError as error:
                seen.failed[str(error)] += 1
            else:
                seen.took.append(time.monotonic() - now)
                seen.leaves.append(leaf)

    async def look() -> None:
        while (now := time.monotonic()) < end:
            print(
                f"{now - began:6.0f} s {len(seen.took):>9,} calls"
                f" {memory(used)[-1][1] / 2**20:8.1f} MiB {dict(seen.failed) or ''}",
                flush=True,
            )
            await asyncio.sleep(SHOWN * max(1.0, seconds / 300))

    await asyncio.gather(look(), *(go(ask) for ask in asking))
    told = memory(used)
    seen.memory = [(at - began, size, rests) for at, size, rests in told if at >= began]
    return seen


def memory(used: Path) -> list[tuple[float, float, bool]]:
    """Read when the server used how many bytes, and whether it wrote no snapshot."""
    lines = used.read_text("ascii").splitlines(keepends=True)
    told = [line.split() for line in lines if line.endswith("\n")]
    return [(float(at), float(size), rests == "1") for at, size, rests in told]


def _least(seen: Seen, seconds: float) -> list[tuple[float, float]]:
    """Return what was used at least in each block after the warm-up: when, and bytes."""
    begin, short = seconds * WARM_UP, seconds < LEAST * 60
    late = [
        (at, held)
        for at, held, rests in seen.memory
        if at >= begin and (rests or short)
    ]
    after = late[-1][0] - late[0][0] if late else 0.0
    return blocks(late, min(BLOCK, after / FEWEST) or BLOCK)


def _line(least: list[tuple[float, float]]) -> Slope | None:
    """Return how memory grew, in MiB an hour."""
    fitted, unit = slope(least), 3600 / 2**20
    if fitted is None:
        return None
    return Slope(fitted.per_second * unit, fitted.error * unit, fitted.points)


def _entries(settings: Path) -> int:
    """Verify the whole log; return how many entries it has, or 0 if it does not."""
    done = subprocess.run(
        [sys.executable, "server.py", "fsck", "--settings", str(settings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    found = re.search(r"and (\d+) entries", done.stdout)
    return int(found[1]) if found and done.returncode == 0 else 0


def _tell(
    seen: Seen,
    entries: int,
    least: list[tuple[float, float]],
    args: argparse.Namespace,
) -> None:
    took = sorted(seen.took)
    if not took or not seen.memory:
        return
    p50, p99 = (1000 * took[len(took) * part // 100] for part in (50, 99))
    print(
        f"{len(took):,} calls, {sum(seen.failed.values())} failed;"
        f" {len(took) / (args.minutes * 60):,.0f} a second,"
        f" p50 {p50:.1f} ms, p99 {p99:.1f} ms, the slowest {1000 * took[-1]:.0f} ms"
    )
    print(f"the log verifies with {entries:,} entries" if entries else "no valid log")
    first, last = seen.memory[0][1], seen.memory[-1][1]
    most = max(size for _, size, _ in seen.memory)
    rests = sum(rests for *_, rests in seen.memory) / len(seen.memory)
    print(
        f"memory {first / 2**20:.1f} MiB at first, {last / 2**20:.1f} at the end,"
        f" {most / 2**20:.1f} at most; no snapshot was written for {rests:.0%} of the time"
    )
    told = ", ".join(f"{held / 2**20:.2f} ({at / 60:.0f})" for at, held in least)
    print(f"the line is through these, MiB (min): {told}")
    if args.fresh:
        print(f"{(last - first) / len(took):,.0f} bytes of memory a new question")


if __name__ == "__main__":
    sys.exit(main())
