"""``make bench-bundle``: verify an exported bundle of 1,000,000 shown entries offline.

The bundle is written by the client, from entries made as the service makes them, and
verified as ``placement audit verify`` does it, with the log's key pinned. What is
measured is the verifying: seconds of the wall and of the processor, and memory.
"""

import argparse
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from placement_client import bundle_writing
from placement_client.bundle_steps import Examination, Trusted
from placement_client.credentials import Holder
from placement_client.steps import Result
from placement_client.trust import Policy

from placement.api.v1 import audit_service_pb2 as wire
from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.details import SALTS_SIZE, Details, Matter, Outline, Sealed
from placement.audit.entry import Entry, render
from placement.audit.merkle import Frontier, leaf_hash
from placement.crypto.pki import Authority
from placement.crypto.signing import SigningKey

ORIGIN = "bench.placement/log"
BEGAN = 1_700_000_000_000_000  # microseconds
PIECE = 500  # entries
KEY = SigningKey(bytes(32))
HOLDER = Holder("auditor", "office", "au-01")


def main(argv: list[str] | None = None) -> int:
    """Write a bundle, verify it, and print what that took."""
    parser = argparse.ArgumentParser(prog="make bench-bundle")
    parser.add_argument("--entries", type=int, default=1_000_000)
    args = parser.parse_args(argv)
    signer = note.Signer(ORIGIN, KEY)
    policy = Policy(log=signer.public, witnesses=(), quorum=0)
    with tempfile.TemporaryDirectory(prefix="placement-bundle-") as name:
        path = Path(name) / "bench.placement-audit.zip"
        begun = time.perf_counter()
        write(path, args.entries, signer, policy)
        print(
            f"{args.entries:,} entries written in {time.perf_counter() - begun:.1f} s,"
            f" {path.stat().st_size / 1e6:.0f} MB",
            flush=True,
        )
        # Of its own, so that the memory of writing does not count.
        child = os.fork()
        if child == 0:
            os._exit(verify(path, policy))
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)


def write(path: Path, count: int, signer: note.Signer, policy: Policy) -> None:
    """Write a bundle of so many entries."""
    entries = path.parent / "entries"
    edge = Frontier()
    with entries.open("wb") as out:
        for index in range(count):
            entry, details = made(index)
            edge = edge.append(leaf_hash(entry))
            out.write(len(entry).to_bytes(4) + entry)
            out.write(len(details).to_bytes(4) + details)
    checkpoint = Checkpoint(ORIGIN, count, edge.root())
    signed = note.render(note.sign(checkpoint.text(), signer))
    folder, now = path.parent / "pki", datetime.fromtimestamp(time.time(), UTC)
    authority = Authority.create(folder, name="bench CA", now=now)
    uri = (
        f"spiffe://bench.placement/{HOLDER.role}/{HOLDER.organisation}/{HOLDER.person}"
    )
    authority.issue_client("auditor", uri, now=now)
    exporter = bundle_writing.Exporter(
        holder=HOLDER,
        certificate=(folder / "auditor.pem").read_bytes(),
        key=(folder / "auditor.key").read_bytes(),
        policy=policy,
        exported_at=time.time_ns() // 1000,
        purpose="supervision",
        matter="DI 2026/1",
        filter=wire.EntryFilter(first_index=0),
    )
    bundle_writing.write(
        path, pieces(entries, count, signed), exporter, policy.checkpoint, told=_quiet
    )
    entries.unlink()


def made(index: int) -> tuple[bytes, bytes]:
    """Return an entry, and the part of its details that auditors see."""
    details = Details(
        outline=Outline(
            case=secrets.token_bytes(16),
            counties=("14", "12"),
            verdicts=(1, 2),
            decisions=(secrets.token_bytes(16), secrets.token_bytes(16)),
        ),
        matter=Matter(areas=("1480", "1280")),
    )
    sealed = Sealed.of(details, secrets.token_bytes(SALTS_SIZE))
    entry = Entry(
        at=BEGAN + index,
        kind="DISCLOSURE",
        action="CHECK",
        person=f"cw-{index % 900:03}",
        organisation=f"{index % 290:04}",
        role="caseworker",
        certificate=secrets.token_bytes(32),
        purpose="PLANNED",
        outcome="ANSWERED",
        revision=index,
        ruleset="2026-11-1",
        rules=bytes(32),
        recipient="1480",
        details=sealed.commitment,
    )
    return render(entry), sealed.shown(matter=False)


def pieces(
    entries: Path, count: int, signed: bytes
) -> Iterator[wire.ExportEntriesResponse]:
    """Yield the export as the service would send it."""
    head = wire.ExportHead(note=signed, first=0, count=count)
    yield wire.ExportEntriesResponse(head=head)
    with entries.open("rb") as content:

        def part() -> bytes:
            return content.read(int.from_bytes(content.read(4)))

        for start in range(0, count, PIECE):
            leaves = [
                wire.ExportLeaf(entry=part(), details=part())
                for _ in range(min(PIECE, count - start))
            ]
            yield wire.ExportEntriesResponse(leaves=wire.ExportLeaves(leaves=leaves))
    yield wire.ExportEntriesResponse(end=wire.ExportEnd())


def verify(path: Path, policy: Policy) -> int:
    """Verify a bundle and print what it took; 0 if nothing failed."""
    begun, used = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        steps = list(Examination(file, Trusted(policy), told=_quiet).steps())
    wall, processor = time.perf_counter() - begun, time.process_time() - used
    failed = [step.name for step in steps if step.result is Result.FAILED]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"verified in {wall:.1f} s, {processor:.1f} s of the processor, {memory} MiB;"
        f" failed: {', '.join(failed) or 'nothing'}",
        flush=True,
    )
    return 1 if failed else 0


def _quiet(done: int, total: int) -> None:
    """Tell nobody how far it has come."""


if __name__ == "__main__":
    sys.exit(main())
