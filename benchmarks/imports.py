"""``make bench-import``: facts imported while checks are answered, on both databases.

Somebody asks about a case some forty times a second, first while nothing else happens, then
while a coordinator stages rows and while the service takes them over. What counts is how
long the import takes, from the first row to the last fact, and the 99th percentile of
the checks meanwhile. Memory at the peak is that of the server and of this process.

Then what 300 rivalries would do to 1,000 people who are placed is asked, as a dry run
with ``--effects`` does.

Example::

    python -m benchmarks.imports --rows 5000 20000
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final

import grpc
import grpc.aio
import uvloop
from placement_client.sheets.sending import CALL_ROWS

from benchmarks.channels import connect
from benchmarks.databases import DATABASES, database
from benchmarks.dataset import PATIENCE, fact, fresh
from benchmarks.serving import AT_ONCE, prepare, serving
from benchmarks.standing import Nation
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.import_service_pb2_grpc import ImportServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.app import micros, read_ruleset
from placement.crypto.custody import FileCustody
from placement.domain.imports import first_digest, next_digest
from placement.domain.terms import Micros, stockholm_day
from placement.store.log import Store

PEOPLE: Final = {
    "asker": "caseworker/1280/cw-01",
    "sender": "coordinator/syd/co-01",
    "second": "coordinator/syd/co-02",
    "national": "coordinator/national/co-09",
}
GROUPS: Final = 400
RIVALRIES: Final = {2: 100, 4: 200}
"""How many rivalries touch how many people who are placed."""
PREVIEWS: Final = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-import")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--pause", type=float, default=0.02, help="between checks")
    parser.add_argument("--only", choices=DATABASES, default="")
    parser.add_argument("--alone", type=int, default=1000, help="checks at first")
    args = parser.parse_args(argv)
    print(
        f"{'':<12}{'rows':>8}{'staged':>10}{'taken over':>12}{'p99 alone':>12}"
        f"{'staging':>12}{'taking':>12}{'server':>10}{'client':>10}"
    )
    for name in DATABASES:
        for size in args.rows if args.only in ("", name) else ():
            with database(name) as where, _folder(where.lines) as settings:
                uvloop.run(_measure(name, settings, size, args))
    with _folder("") as settings:
        uvloop.run(_preview(settings))
    return 0


@dataclass(slots=True)
class Asker:
    """Asks one question again and again.

    Attributes:
        pause: seconds from one answer to the next question.
        took: seconds for each answer.
    """

    stub: Any
    case: bytes
    pause: float
    took: list[float] = field(default_factory=list)
    on: bool = True

    async def once(self) -> None:
        """Ask, and note how long it took."""
        today = stockholm_day(Micros(micros()))
        question = check.CheckPlacementRequest(
            request_id=fresh(),
            case_handle=self.case,
            candidates=[check.Candidate(area="1480")],
            window=types_pb2.Window(start_day=today),
            justification=check.JUSTIFICATION_PLANNED,
            mode=check.CHECK_MODE_CHECK,
        )
        began = time.perf_counter()
        await self.stub.CheckPlacement(question, timeout=PATIENCE)
        self.took.append(time.perf_counter() - began)

    async def always(self) -> None:
        """Ask until told to stop."""
        while self.on:
            await self.once()
            await asyncio.sleep(self.pause)

    def worst(self) -> float:
        """Return the 99th percentile in milliseconds, and begin anew."""
        ordered = sorted(self.took)
        self.took = []
        return 1000 * ordered[int(len(ordered) * 0.99)]


async def _measure(
    name: str, settings: Path, size: int, args: argparse.Namespace
) -> None:
    with serving(settings) as (port, _, finish):
        channels = {who: connect(settings.parent, who, port) for who in PEOPLE}
        asker = await _asker(channels, args.pause)
        parts, digest = _parts(_rows(await _groups(channels["sender"]), size))
        for _ in range(args.alone):
            await asker.once()
            await asyncio.sleep(args.pause)
        before = asker.worst()
        asking = asyncio.create_task(asker.always())
        key, staged = await _stage(channels["sender"], parts, digest)
        meanwhile = asker.worst()
        taken = await _take(channels["second"], key, digest)
        asker.on = False
        await asking
        for channel in channels.values():
            await channel.close()
        server, client = finish(), getrusage(RUSAGE_SELF).ru_maxrss
    print(
        f"{name:<12}{size:>8,}{staged:>8.1f} s{taken:>10.1f} s{before:>9.1f} ms"
        f"{meanwhile:>9.1f} ms{asker.worst():>9.1f} ms"
        f"{server // 1024:>6} MiB{client // 1024:>6} MiB",
        flush=True,
    )


async def _preview(settings: Path) -> None:
    """Ask what rivalries would do, and print how long the answers took."""
    folder, nation_now = settings.parent, Micros(micros())
    store = Store.open(
        f"sqlite:///{folder}/placement.db",
        FileCustody(folder / "store.key"),
    )
    nation = Nation(store, read_ruleset(None), nation_now)
    nation.cover()
    pairs = [
        nation.pair(touched)
        for touched, count in RIVALRIES.items()
        for _ in range(count)
    ]
    nation.finish()
    store.close()
    facts = [
        fact(rivalry=types_pb2.Rivalry(group_a=one.one, group_b=one.other, severity=2))
        for one in pairs
    ]
    took, weighed = [], 0
    with serving(settings) as (port, _, finish):
        async with connect(folder, "national", port) as channel:
            stub: Any = RegistryServiceStub(channel)
            request = registry.PreviewChangeRequest(facts=facts)
            for _ in range(PREVIEWS):
                began = time.perf_counter()
                weighed = 0
                async for answer in stub.PreviewChange(request, timeout=PATIENCE):
                    weighed += answer.weighed
                took.append(time.perf_counter() - began)
        finish()
    standing = sum(each.placements for each in pairs)
    print(
        f"{len(pairs)} rivalries against {standing:,} placements, {weighed:,} of them "
        f"weighed: {took[0]:.2f} s behind a start, then {min(took[1:]):.2f} to "
        f"{max(took[1:]):.2f} s"
    )


async def _asker(channels: dict[str, grpc.aio.Channel], pause: float) -> Asker:
    """Open a case that is assessed."""
    stub: Any = CheckServiceStub(channels["asker"])
    opened = await stub.OpenCase(
        check.OpenCaseRequest(
            request_id=fresh(),
            pseudonyms=[secrets.token_bytes(32)],
            reference="SN 1",
            basis=check.BASIS_POLICE,
        ),
        timeout=PATIENCE,
    )
    coordinator: Any = RegistryServiceStub(channels["sender"])
    await coordinator.AssessCase(
        registry.AssessCaseRequest(
            request_id=fresh(), case_handle=opened.case_handle, none_known=True
        ),
        timeout=PATIENCE,
    )
    return Asker(stub, opened.case_handle, pause)


def _parts(
    rows: list[wire.ImportRow],
) -> tuple[list[list[wire.ImportRow]], bytes]:
    """Cut rows into calls; return them, and the digest over all rows."""
    digest = first_digest()
    for row in rows:
        digest = next_digest(digest, row.SerializeToString(deterministic=True))
    return [
        rows[start : start + CALL_ROWS] for start in range(0, len(rows), CALL_ROWS)
    ], digest


async def _stage(
    channel: grpc.aio.Channel, parts: list[list[wire.ImportRow]], digest: bytes
) -> tuple[bytes, float]:
    """Stage rows; return the import and the seconds it took."""
    sender: Any = ImportServiceStub(channel)
    size = sum(map(len, parts))
    began = time.perf_counter()
    request = wire.BeginImportRequest(request_id=fresh(), rows=size)
    key = (await sender.BeginImport(request, timeout=PATIENCE)).import_id
    for number, part in enumerate(parts):
        append = wire.AppendRowsRequest(
            import_id=key, position=number * CALL_ROWS, rows=part
        )
        await sender.AppendRows(append, timeout=PATIENCE)
    done = wire.FinishImportRequest(import_id=key, digest=digest)
    await sender.FinishImport(done, timeout=PATIENCE)
    return key, time.perf_counter() - began


async def _take(channel: grpc.aio.Channel, key: bytes, digest: bytes) -> float:
    """Have an import approved; return the seconds until all is taken over."""
    second: Any = ImportServiceStub(channel)
    approval = wire.ApproveImportRequest(
        request_id=fresh(), import_id=key, digest=digest
    )
    await second.ApproveImport(approval, timeout=PATIENCE)
    began = time.perf_counter()
    shown = wire.ShowImportRequest(import_id=key)
    while True:
        found = getattr(await second.ShowImport(shown, timeout=PATIENCE), "import")
        if found.state == wire.IMPORT_STATE_DONE:
            break
        await asyncio.sleep(0.1)
    if found.refused:
        raise SystemExit("rows were refused")
    return time.perf_counter() - began


async def _groups(channel: grpc.aio.Channel) -> list[bytes]:
    stub: Any = RegistryServiceStub(channel)
    tokens: list[bytes] = []
    for _ in range(GROUPS // 100):
        groups = [
            registry.NewGroup(
                fingerprint=secrets.token_bytes(32), sealed_label=bytes(64)
            )
            for _ in range(100)
        ]
        request = registry.RegisterGroupsRequest(request_id=fresh(), groups=groups)
        answer = await stub.RegisterGroups(request, timeout=PATIENCE)
        tokens += answer.tokens
    return tokens


def _rows(groups: list[bytes], size: int) -> list[wire.ImportRow]:
    today = stockholm_day(Micros(micros()))
    areas = read_ruleset(None).areas
    codes = sorted(code for code, area in areas.items() if area.valid_on(today))
    places = list(product(codes, groups))[:size]
    if len(places) < size:
        raise SystemExit(f"at most {len(places)} rows")
    return [
        wire.ImportRow(
            fact=fact(
                presence=types_pb2.Presence(
                    group=group, area=code, kind=types_pb2.PRESENCE_KIND_OCCASIONAL
                )
            )
        )
        for code, group in places
    ]


@contextmanager
def _folder(lines: str) -> Iterator[Path]:
    """Make certificates, keys, an empty store and the settings; yield these."""
    text = read_ruleset(None).content
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
        text = text.replace(line, "areas = 1000000000\n")
    with tempfile.TemporaryDirectory(prefix="placement-imports-") as name:
        (Path(name) / "ruleset.toml").write_text(text, "utf-8")
        more = AT_ONCE + 'ruleset = "ruleset.toml"\n' + lines
        yield prepare(Path(name), PEOPLE, more)


if __name__ == "__main__":
    sys.exit(main())
