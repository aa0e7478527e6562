"""What was measured, as a table; a row that is not as it must be fails the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tests.timing.scores import LIMIT, TESTS, Judged


class Must(Enum):
    """What a row must say."""

    SAME = "same"
    DIFFER = "differ"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Row:
    """What all tests say of two kinds in one setting.

    Attributes:
        stage: the setting.
        title: the kinds, and what was timed.
        must: what it must say.
        judged: what it says.
        strange: pairs in which an answer was not of its kind.
    """

    stage: str
    title: str
    must: Must
    judged: Judged
    strange: int = 0

    @property
    def green(self) -> bool:
        """Whether it says what it must, of answers that are what they must be."""
        if self.strange:
            return False
        return self.must is Must.ANY or self.judged.differ == (self.must is Must.DIFFER)

    def __str__(self) -> str:
        """Return it in one line: times in milliseconds, late ones in per cent."""
        judged, worst = self.judged, self.judged.worst
        one, other = (1000 * each for each in judged.medians)
        late, later = (100 * each for each in judged.late)
        mark = "" if self.must is Must.ANY else "green" if self.green else "RED"
        return (
            f"  {self.title:43} {judged.pairs:7,} {one:7.3f} {other:7.3f} {late:5.2f} "
            f"{later:5.2f} {abs(worst.value):6.2f}  {worst.test:12} {judged.sign:7.1e} "
            f"{'differ' if judged.differ else 'same':6} {mark}"
            + (f" {self.strange} STRANGE" if self.strange else "")
        ).rstrip()


def told(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the tables, line by line."""
    stage = ""
    for row in rows:
        if row.stage != stage:
            stage = row.stage
            yield f"\n{stage}"
            yield (
                f"  {'':43} {'pairs':>7} {'ms':>7} {'ms':>7} {'late%':>5} {'late%':>5} "
                f"{'|t|':>6}  {'of':12} {'sign p':>7}"
            )
        yield str(row)


def chance(rows: Sequence[Row]) -> str:
    """Say how likely a false alarm is."""
    same = sum(row.must is Must.SAME for row in rows)
    return (
        f"{same} rows must be the same, {TESTS} tests each, limit {LIMIT}: if nothing "
        f"leaks, a run is red at most {same * TESTS * 6.8e-6:.2%} of the time"
    )


def closing(rows: Sequence[Row]) -> str:
    """Return the last line: what holds."""
    red = [row for row in rows if not row.green]
    if red:
        return f"This does NOT hold: {len(red)} of {len(rows)} rows are red."
    return (
        "No time tells what an answer says, and what was planted to be found was found."
    )
