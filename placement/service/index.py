"""Which stretches of the access log a search may pass by.

For 256 leaves, and again for 65,536, a summary tells of each word that a search may look
for whether it can stand among them: a Bloom filter, of one size whatever happened. It
never says "no" of a word that is there; now and then it says "perhaps" of one that is
not, and the search looks for itself.

Whoever makes them gives way behind each entry: who computes beside the engine is in its
way, however little it is.

Invariants:
    * what a search finds does not depend on which summaries there are;
    * what a server holds of this does not grow with the log.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from placement.audit.details import Outline
from placement.audit.entry import Entry
from placement.errors import PlacementError
from placement.service.manners import Pace, StoppedError
from placement.service.selection import TEXTS, Found, word
from placement.store.leaves import SPAN
from placement.store.rows import is_damage
from placement.store.snapshot import at_once
from placement.store.summaries import Summaries

NEAR: Final = SPAN
"""The level of the small stretches: 256 leaves."""
FAR: Final = 2 * SPAN
"""The level of the large ones: 65,536 leaves."""

_HASHES: Final = 7
_BYTES: Final = {NEAR: 1020, FAR: 65_532}  # with its length, a multiple of 256
_WIDTH: Final = 1 << SPAN
_PAUSE: Final = 2.0  # seconds between two looks for what is complete
_WAITS: Final = 4  # times as long as it worked
_READ_FIRST: Final = (4, 28, 224)
"""How many small summaries are read at a time: few until it shows that few are found."""
_COST_FAR: Final = 10  # of opening one summary, in leaves opened
_COST_NEAR: Final = 100  # of opening the 256 below it

_log: Final = logging.getLogger(__name__)


class Bloom:
    """A set that may say "perhaps" too often, and never "no".

    Args:
        content: its bits.
    """

    def __init__(self, content: bytes) -> None:
        self._content = bytearray(content)
        self._size = len(content) * 8

    @classmethod
    def of(cls, level: int, words: Iterable[int]) -> bytes:
        """Return the bits of a set of words, for a stretch of a level."""
        made = cls(bytes(_BYTES[level]))
        for each in words:
            for bit in made._bits(each):
                made._content[bit >> 3] |= 1 << (bit & 7)
        return bytes(made._content)

    def may_hold(self, wanted: Iterable[frozenset[int]]) -> bool:
        """Tell whether of each group of words at least one may be there."""
        return all(any(map(self._may_hold, group)) for group in wanted)

    def _may_hold(self, each: int) -> bool:
        content = self._content
        return all(content[bit >> 3] >> (bit & 7) & 1 for bit in self._bits(each))

    def _bits(self, each: int) -> Iterator[int]:
        start, step = each >> 32, (each & 0xFFFFFFFF) | 1
        return ((start + turn * step) % self._size for turn in range(_HASHES))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some leaves in a row.

    Attributes:
        start: index of the first.
        end: index after the last.
        passed: none of them is what is looked for.
        cost: what it took to learn that, in leaves opened.
    """

    start: int
    end: int
    passed: bool
    cost: int = 0


class Index:
    """Passes by what can't hold what is looked for.

    Args:
        summaries: of the log.
    """

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries

    def walk(
        self, wanted: tuple[frozenset[int], ...], start: int, end: int
    ) -> Iterator[Stretch]:
        """Go through a part of the log, in order and without a gap.

        Args:
            wanted: groups of words, of each of which one must be there.
            start: index to begin with.
            end: index to end before.

        Raises:
            UnavailableError: the database does not answer.
        """
        while start < end:
            tile = start >> FAR
            stop = min(end, (tile + 1) << FAR)
            if not wanted:
                yield Stretch(start, stop, passed=False)
            elif self._passes(FAR, tile, wanted):
                yield Stretch(start, stop, passed=True, cost=_COST_FAR)
            else:
                yield Stretch(start, start, passed=True, cost=_COST_NEAR)
                yield from self._walk_near(wanted, start, stop)
            start = stop

    def _passes(
        self, level: int, index: int, wanted: tuple[frozenset[int], ...]
    ) -> bool:
        found = self._summaries.read(level, index, 1)
        return index in found and not Bloom(found[index]).may_hold(wanted)

    def _walk_near(
        self, wanted: tuple[frozenset[int], ...], start: int, stop: int
    ) -> Iterator[Stretch]:
        found: dict[int, bytes] = {}
        counts, known = chain(_READ_FIRST, repeat(_READ_FIRST[-1])), start >> NEAR
        while start < stop:
            index = start >> NEAR
            if index == known:
                count = min(next(counts), ((stop - 1) >> NEAR) - index + 1)
                found, known = self._summaries.read(NEAR, index, count), index + count
            end = min(stop, (index + 1) << NEAR)
            content = found.get(index)
            passed = content is not None and not Bloom(content).may_hold(wanted)
            yield Stretch(start, end, passed=passed)
            start = end


def words_of(entry: Entry, outline: Outline | None) -> Iterator[int]:
    """Return every word that a search may look for in an entry."""
    for name in TEXTS:
        yield word(name, getattr(entry, name).encode())
    if outline is not None:
        yield word("case", outline.case)
        for verdict in outline.verdicts:
            yield word("verdict", bytes([verdict]))


class Indexer:
    """Makes summaries of what is complete, in a thread of its own.

    Args:
        summaries: where they are kept.
        size: tells how many leaves there are.
        whole: opens some of them, from one index to another.
        condemn: called when something does not verify.
    """

    def __init__(
        self,
        summaries: Summaries,
        *,
        size: Callable[[], int],
        whole: Callable[[int, int], Iterator[Found]],
        condemn: Callable[[], None],
    ) -> None:
        self._summaries = summaries
        self._size = size
        self._whole = whole
        self._condemn = condemn
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
        self._next = 0  # the small stretch to go on with
        self._words: set[int] = set()  # of the large one that it is in

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, behind an entry."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def catch_up(self, pace: Callable[[], None] = at_once) -> None:
        """Make the summary of every stretch that is complete and has none.

        Args:
            pace: called behind each entry.

        Raises:
            StoppedError: from the pace.
            TamperedError: something stored does not verify.
            UnavailableError: the database does not answer.
        """
        begun = self._summaries.count(FAR) * _WIDTH
        if self._next < begun:  # at the start; or another server was quicker
            self._next, self._words = begun, set()
        known, complete = self._summaries.count(NEAR), self._size() >> NEAR
        while self._next < complete and not self._stopping.is_set():
            words = self._words_in(self._next, pace)
            self._words |= words
            if self._next >= known:
                content = Bloom.of(NEAR, words)
                self._summaries.write(NEAR, self._next, content)
            self._next += 1
            if self._next % _WIDTH == 0:
                content = Bloom.of(FAR, self._words)
                self._summaries.write(FAR, self._next // _WIDTH - 1, content)
                self._words = set()

    def _words_in(self, index: int, pace: Callable[[], None]) -> set[int]:
        words: set[int] = set()
        for found in self._whole(index << NEAR, (index + 1) << NEAR):
            details = found.opened
            words.update(words_of(found.entry, details.outline if details else None))
            pace()
        return words

    def _run(self) -> None:
        pace = Pace(self._stopping, waits=lambda: _WAITS)
        while not self._stopping.wait(_PAUSE):
            try:
                self.catch_up(pace)
            except StoppedError:
                return
            except PlacementError as error:
                if is_damage(error):
                    self._condemn()
                    return
                _log.warning("summaries_late reason=%s", error.reason)
