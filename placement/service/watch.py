"""Looks for patterns of misuse in the access log: in a period, and as it is written."""

from collections.abc import Callable, Collection, Iterator

from placement.audit.details import Details, Matter, Outline
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.seen import Anomaly, Seen
from placement.domain.decide.searches import Admitted
from placement.domain.ruleset import Ruleset
from placement.service.replay import Progress
from placement.service.review import Review
from placement.service.selection import Found

_STEP = 2_000  # entries between two words about how far it has come


class Watch:
    """Runs the detector over a log.

    Args:
        review: reads the log.
        ruleset: gives the one in force, which has the thresholds.
        without: patterns that this log can't show, or shows always.
    """

    def __init__(
        self,
        review: Review,
        ruleset: Callable[[], Ruleset],
        without: Collection[str] = frozenset(),
    ) -> None:
        self._review = review
        self._ruleset = ruleset
        self._without = without

    def report(self, admitted: Admitted, size: int) -> Iterator[Progress | Anomaly]:
        """Look through a period; without an end go on for ever.

        Args:
            admitted: a ``ReportAnomalies``.
            size: of the log as it is now.

        Yields:
            Anomalies, and how far it has come; every look for what is new ends with
            such a word.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        asked = admitted.search.filter
        detector = Detector(self._ruleset().anomalies, self._without)
        start, end = self._review.bounds(asked, size)
        first = start
        while True:
            for found in self._review.whole(start, end):
                yield from detector.observe(_seen(found))
                if not found.index % _STEP:
                    yield Progress(found.index - first, end - first)
            yield Progress(end - first, end - first)
            if asked.until is not None:
                return
            start, end = end, self._review.grown(end)


def _seen(found: Found) -> Seen:
    """Return an entry as the detector sees it; an erased one without its details."""
    details = found.opened or Details()
    outline, matter = details.outline or Outline(), details.matter or Matter()
    return Seen(found.index, found.entry, outline, matter.areas)
