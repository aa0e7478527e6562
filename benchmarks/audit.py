"""``make bench-audit``: the access log at 10,000 to 10,000,000 entries.

What an append, a proof and a page of a search take must not grow with the log, and
neither may the memory of whoever serves it. First one log of each size is filled, in
commits of 2,000, with entries made as the service makes them; with ``--folder`` they
stay there and are not filled again. Then all of them are measured in turn, round by
round. The measured appends are commits of 16. Medians, in milliseconds.
"""

import argparse
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
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

FILL = 2_000
COMMIT = 16
ROUNDS = 5
COMMITS = 40
PROOFS = 40
PAGES = 8
BEGAN = 1_700_000_000_000_000  # microseconds
APART = 50_000  # microseconds between two entries
CASES = 20_000
MILLI = 1e3


Figures = dict[str, list[float]]
"""What was measured, by name: seconds."""


class Bench:
    """One log.

    Args:
        folder: where its database lies; filled there if it is not.
        size: how many entries it has at least.
        seed: of the cases.
    """

    def __init__(self, folder: Path, size: int, seed: int) -> None:
        self.draw = Random(seed)
        self.cases = [self.draw.randbytes(16) for _ in range(CASES)]
        self.signer = Signer("bench.placement/log", SigningKey(bytes(32)))
        self.store = _opened(folder)
        self.review = Review(self.store, _nothing)
        self.ledger = Ledger(self.store)
        self.indexer = Indexer(
            Summaries(self.store),
            size=self.review.size,
            whole=self.review.whole,
            condemn=_nothing,
        )
        self.size = self.review.size()
        self.fill(size)

    def fill(self, size: int) -> None:
        """Append until there are so many entries, and make their summaries."""
        begun, before = time.perf_counter(), self.size
        while self.size < size:
            self.commit(min(FILL, size - self.size))
        filled = time.perf_counter()
        self.indexer.catch_up()
        if self.size > before:
            indexed = time.perf_counter() - filled
            rate = (self.size - before) / (filled - begun)
            print(
                f"filled {self.size:,} at {rate:,.0f}/s, indexed in {indexed:.0f} s",
                flush=True,
            )

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

    def measure(self, figures: Figures) -> None:
        """Measure one round."""
        for _ in range(COMMITS):
            figures["append of an entry"].append(self.commit(COMMIT) / COMMIT)
        size = self.size
        for _ in range(PROOFS):
            figures["inclusion proof"].append(_timed(self._prove, size))
            figures["consistency proof"].append(_timed(self._prove_old, size))
        for name, search in self._searches().items():
            for _ in range(PAGES):
                figures[f"page: {name}"].append(_timed(self._page, search()))

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

    def _searches(self) -> dict[str, Callable[[], Filter]]:
        """Return what is searched for, drawn anew for each page."""
        period = self.size * APART // 10
        return {
            "a person, everywhere": lambda: Filter(
                person=f"cw-{self.draw.randrange(900):03}"
            ),
            "a case, everywhere": lambda: Filter(case=self.draw.choice(self.cases)),
            "nobody, everywhere": lambda: Filter(person="nobody-1"),
            "a verdict, in a period": lambda: self._within(period, Verdict.CONFLICT),
            "everything, in a period": lambda: self._within(period, None),
        }

    def _within(self, period: int, verdict: Verdict | None) -> Filter:
        since = BEGAN + self.draw.randrange(self.size * APART - period)
        return Filter(
            since=Micros(since), until=Micros(since + period), verdict=verdict
        )

    def _page(self, asked: Filter) -> None:
        """Read the first page of a search, its bounds included."""
        start, end = self.review.bounds(asked, self.size)
        self.review.page(self.review.selection(asked), start, end, most=100)


def _opened(folder: Path) -> Store:
    url = f"sqlite:///{folder}/audit.db"
    if (folder / "kek").exists():
        return Store.open(url, FileCustody(folder / "kek"))
    folder.mkdir(parents=True, exist_ok=True)
    return Store.create(url, FileCustody.create(folder / "kek"))


def _timed(run: Callable[..., None], *given: object) -> float:
    begun = time.perf_counter()
    run(*given)
    return time.perf_counter() - begun


def _nothing() -> None:
    """Condemn nobody."""


def main(argv: list[str] | None = None) -> int:
    """Fill a log of each power of ten, measure all of them, and print a table."""
    parser = argparse.ArgumentParser(prog="make bench-audit")
    parser.add_argument("--most", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only-fill", action="store_true")
    args = parser.parse_args(argv)
    sizes = [10**power for power in range(4, 10) if 10**power <= args.most]
    with tempfile.TemporaryDirectory(prefix="placement-audit-") as name:
        folder = args.folder or Path(name)
        logs = {size: Bench(folder / str(size), size, args.seed) for size in sizes}
        if args.only_fill:
            return 0
        figures: dict[int, Figures] = {size: defaultdict(list) for size in sizes}
        for _ in range(ROUNDS):
            for size, log in logs.items():
                log.measure(figures[size])
        show(figures)
    return 0


def show(figures: dict[int, Figures]) -> None:
    """Print medians in milliseconds, a line for each thing measured."""
    print(f"{'':30}" + "".join(f"{size:>12,}" for size in figures))
    for name in next(iter(figures.values())):
        row = (statistics.median(found[name]) * MILLI for found in figures.values())
        print(f"{name:30}" + "".join(f"{taken:12.3f}" for taken in row))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory of this process: {memory} MiB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
