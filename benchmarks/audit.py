"""``make bench-audit``: the access log at 10,000 to 10,000,000 entries.

What an append, a proof and a page of a search take must not grow with the log, and
neither may the memory of whoever serves it. Entries are made as the service makes them;
the log is filled in commits of 2,000, the measured appends are commits of 16. Medians,
in milliseconds.
"""

import argparse
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from placement.audit.details import SALTS_SIZE, Details, Matter, Outline, Sealed
from placement.audit.entry import Entry, render
from placement.audit.note import Signer
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.domain.decide.searches import Filter
from placement.domain.terms import Micros, Verdict
from placement.service.index import Indexer
from placement.service.review import Review
from placement.store.leaves import Leaf
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.summaries import Summaries

FIRST = 10_000
FILL = 2_000
COMMIT = 16
COMMITS = 200
PROOFS = 200
PAGES = 20
BEGAN = 1_700_000_000_000_000  # microseconds
APART = 50_000  # microseconds between two entries
CASES = 20_000
MILLI = 1e3


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured at one size."""

    size: int
    append: float
    proof: float
    consistency: float
    pages: dict[str, float]
    index: float
    memory: int


class Bench:
    """A log that grows.

    Args:
        folder: where its database lies.
        seed: of the cases.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        custody = FileCustody.create(folder / "kek")
        self.store = Store.create(f"sqlite:///{folder}/audit.db", custody)
        self.signer = Signer("bench.placement/log", SigningKey(bytes(32)))
        self.draw = Random(seed)
        self.cases = [self.draw.randbytes(16) for _ in range(CASES)]
        self.review = Review(self.store, _nothing)
        self.ledger = Ledger(self.store)
        self.indexer = Indexer(
            Summaries(self.store),
            size=self.review.size,
            whole=self.review.whole,
            condemn=_nothing,
        )
        self.size = 0

    def commit(self, count: int) -> float:
        """Append entries in one commit; return how long the commit took, in seconds."""
        leaves = list(self._leaves(count))
        begun = time.perf_counter()
        with self.store.writing() as log:
            log.append((), leaves)
            log.publish(self.signer)
        taken = time.perf_counter() - begun
        self.size += count
        return taken

    def figures(self) -> Figures:
        """Measure at the size it has."""
        begun, done = time.perf_counter(), self.size
        self.indexer.catch_up()
        index = time.perf_counter() - begun
        appends = [self.commit(COMMIT) for _ in range(COMMITS)]
        size = self.size
        return Figures(
            size=done,
            append=statistics.median(appends) / COMMIT * MILLI,
            proof=self._median(PROOFS, lambda: self._prove(size)),
            consistency=self._median(PROOFS, lambda: self._prove_old(size)),
            pages=dict(self._pages()),
            index=index,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )

    def _leaves(self, count: int) -> Iterator[Leaf]:
        for number in range(self.size, self.size + count):
            at = BEGAN + number * APART
            case = self.draw.choice(self.cases)
            decision = (at // 1000).to_bytes(6) + secrets.token_bytes(10)
            details = Details(
                outline=Outline(
                    case=case,
                    counties=("24",),
                    verdicts=(number % 4 + 1,),
                    decisions=(decision,),
                ),
                matter=Matter(
                    case=case,
                    reference="SN 2026/1234",
                    areas=("2480",),
                    window="2026-06-01/",
                    events=bytes(44),
                ),
            )
            sealed = Sealed.of(details, secrets.token_bytes(SALTS_SIZE))
            entry = Entry(
                at=at,
                kind="DISCLOSURE",
                action="CHECK",
                person=f"cw-{self.draw.randrange(900):03}",
                organisation=f"{self.draw.randrange(290):04}",
                role="caseworker",
                certificate=bytes(32),
                purpose="PLANNED",
                outcome="ANSWERED",
                revision=number,
                ruleset="2026-11-1",
                recipient="1480",
                details=sealed.commitment,
            )
            yield Leaf(render(entry), sealed.shown(matter=True), at)

    def _prove(self, size: int) -> None:
        self.ledger.inclusion(self.draw.randrange(size), size)

    def _prove_old(self, size: int) -> None:
        self.ledger.consistency(self.draw.randrange(1, size), size)

    def _pages(self) -> Iterator[tuple[str, float]]:
        """Time the first page of searches, the bounds of their period included."""
        size = self.size
        period = size * APART // 10
        searches: dict[str, Callable[[], Filter]] = {
            "a person, everywhere": lambda: Filter(
                person=f"cw-{self.draw.randrange(900):03}"
            ),
            "a case, everywhere": lambda: Filter(case=self.draw.choice(self.cases)),
            "nobody, everywhere": lambda: Filter(person="nobody-1"),
            "a verdict, in a period": lambda: self._within(period, Verdict.CONFLICT),
            "everything, in a period": lambda: self._within(period, None),
        }
        for name, asked in searches.items():
            yield name, self._median(PAGES, partial(self._page, asked))

    def _within(self, period: int, verdict: Verdict | None) -> Filter:
        since = BEGAN + self.draw.randrange(self.size * APART - period)
        return Filter(
            since=Micros(since), until=Micros(since + period), verdict=verdict
        )

    def _page(self, search: Callable[[], Filter]) -> None:
        asked = search()
        start, end = self.review.bounds(asked, self.size)
        self.review.page(self.review.selection(asked), start, end, most=100)

    def _median(self, count: int, run: Callable[[], None]) -> float:
        taken = []
        for _ in range(count):
            begun = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken) * MILLI


def _nothing() -> None:
    """Condemn nobody."""


def main(argv: list[str] | None = None) -> int:
    """Measure at each power of ten, and print a line for each."""
    parser = argparse.ArgumentParser(prog="make bench-audit")
    parser.add_argument("--most", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(
        prefix="placement-audit-", dir=args.folder
    ) as name:
        bench = Bench(Path(name), args.seed)
        size = FIRST
        while size <= args.most:
            begun, before = time.perf_counter(), bench.size
            while bench.size < size:
                bench.commit(min(FILL, size - bench.size))
            filled = (size - before) / (time.perf_counter() - begun)
            show(bench.figures(), filled)
            size *= 10
    return 0


def show(found: Figures, filled: float) -> None:
    """Print what was measured."""
    print(
        f"{found.size:>10,} entries: append {found.append:.3f} an entry, proof "
        f"{found.proof:.2f}, consistency {found.consistency:.2f}; memory "
        f"{found.memory} MiB; filled at {filled:,.0f}/s, indexed in {found.index:.1f} s"
    )
    for name, taken in found.pages.items():
        print(f"{'':>20} page of {name}: {taken:.1f}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
