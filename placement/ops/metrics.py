"""Metrics for Prometheus: what they are called, and what each tells.

They come from a registry of their own, in which nothing is that the library adds by
itself: seconds of the processor, bytes of memory and counts of the collector rest on what
a server has and does (docs/adr/0039).

Invariants:
    * no label is anything but a word of a fixed list, or a number of witnesses;
    * every metric stands in ``METRICS``, with its sentence, whether it has a value or not;
    * what is not known has no sample.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from placement import __version__
from placement.domain.terms import start_of
from placement.ops.backed import KINDS
from placement.ops.logs import LEVELS
from placement.rpc.health import REASONS
from placement.service.outlook import Outlook, View
from placement.service.pulse import Figures

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
MICROS: Final = 1_000_000

Samples = Iterable[tuple[str, float]]
"""Of a metric: the value of its label, empty if it has none, and its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page is made of.

    Attributes:
        started: when the process did, in microseconds.
        reasons: by name of health why something is not served; empty if it is.
        lines: of the log, by level.
        backups: when the last ones were made, by kind, in microseconds.
        outlook: of the server; ``None`` until it serves.
    """

    started: int
    reasons: Mapping[str, str]
    lines: Mapping[str, int]
    backups: Mapping[str, int]
    outlook: Outlook | None

    @property
    def troubles(self) -> set[str]:
        """Every reason that there is."""
        return {reason for reason in self.reasons.values() if reason}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric.

    Attributes:
        name: without the package's.
        text: what it tells.
        read: its samples.
        label: its label's name; empty if it has none.
        counts: whether it only ever grows.
    """

    name: str
    text: str
    read: Callable[[Seen], Samples]
    label: str = ""
    counts: bool = False

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"placement_{self.name}"

    def family(self, samples: Samples) -> Metric:
        """Return it as the library wants it."""
        labels = [self.label] if self.label else []
        kind = CounterMetricFamily if self.counts else GaugeMetricFamily
        made = kind(self.full_name, self.text, labels=labels)
        for label, value in samples:
            made.add_metric([label] if self.label else [], value)
        return made


def _one(value: float) -> Samples:
    return [("", value)]


def _seconds(micros: int) -> float:
    return micros // MICROS


def _figures(read: Callable[[Figures], float]) -> Callable[[Seen], Samples]:
    """Read something of the figures, once there are any."""

    def samples(seen: Seen) -> Samples:
        figures = seen.outlook.pulse.figures if seen.outlook else None
        return [] if figures is None else _one(read(figures))

    return samples


def _view(read: Callable[[View], float]) -> Callable[[Seen], Samples]:
    """Read something of the view, once there is one."""

    def samples(seen: Seen) -> Samples:
        view = seen.outlook.view if seen.outlook else None
        return [] if view is None else _one(read(view))

    return samples


def _cosigned(seen: Seen) -> Samples:
    view = seen.outlook.view if seen.outlook else None
    times = (view.cosigned_at or (0,)) if view else ()
    return [(str(n), _seconds(at)) for n, at in enumerate(times, 1)]


def _troubles(seen: Seen) -> Iterator[tuple[str, float]]:
    owes = bool(seen.outlook and seen.outlook.owes)
    yield from ((reason, reason in seen.troubles) for reason in REASONS)
    yield "erasure", owes


def _proven(seen: Seen) -> Samples:
    return _one(bool(seen.outlook and seen.outlook.proven))


METRICS: Final = (
    Row(
        "info",
        "Always 1; the version is its label.",
        lambda _: [(__version__, 1)],
        "version",
    ),
    Row(
        "started_timestamp_seconds",
        "When the process started.",
        lambda seen: _one(_seconds(seen.started)),
    ),
    Row(
        "sealed",
        "1 while the keys are not there, else 0.",
        lambda seen: _one("sealed" in seen.troubles),
    ),
    Row(
        "serving",
        "1 if callers are answered, else 0; as health says.",
        lambda seen: _one(not seen.reasons.get("", "starting")),
    ),
    Row(
        "trouble",
        "1 for each reason for which something is not as it should be, else 0.",
        _troubles,
        "reason",
    ),
    Row(
        "proven",
        "1 once all of the log was verified since the start, else 0.",
        _proven,
    ),
    Row(
        "incidents_total",
        "How often weighing again went wrong since the start: `sweep`, one "
        "found what no change had touched, or something can't be weighed; "
        "`weighing`, an error kept it from being done.",
        lambda seen: (
            seen.outlook.incidents if seen.outlook else {"sweep": 0, "weighing": 0}
        ).items(),
        "kind",
        counts=True,
    ),
    Row(
        "log_lines_total",
        "Lines of the log since the start, by level.",
        lambda seen: [(level, seen.lines.get(level, 0)) for level in LEVELS],
        "level",
        counts=True,
    ),
    Row(
        "backup_timestamp_seconds",
        "When `backup` last wrote one on this machine, by kind; 0 for never.",
        lambda seen: [(kind, _seconds(seen.backups.get(kind, 0))) for kind in KINDS],
        "kind",
    ),
    Row(
        "figures_timestamp_seconds",
        "When what follows was taken.",
        _figures(lambda f: _seconds(f.at)),
    ),
    Row("revision", "Revision of the state.", _figures(lambda f: f.revision)),
    Row("entries", "Entries in the access log.", _figures(lambda f: f.entries)),
    Row(
        "calls",
        "Calls since the figures before, filled up.",
        _figures(lambda f: f.calls),
    ),
    Row(
        "calls_most",
        "Most of them under way at once, filled up.",
        _figures(lambda f: f.calls_most),
    ),
    Row(
        "streams",
        "Calls that are answered in pieces, filled up.",
        _figures(lambda f: f.streams),
    ),
    Row(
        "waiting_most",
        "Most commands in line for the engine at once, filled up.",
        _figures(lambda f: f.waiting_most),
    ),
    Row(
        "batch_most",
        "Most commands in one commit, filled up.",
        _figures(lambda f: f.batch_most),
    ),
    Row(
        "commit_seconds",
        "What the slowest write to the database took at most, in coarse steps.",
        _figures(lambda f: f.commit_seconds),
    ),
    Row(
        "refused_total",
        "Calls since the start for which there was no room in the line.",
        _figures(lambda f: f.refused),
        counts=True,
    ),
    Row(
        "late",
        "What has to be weighed again and waits for too long; a power of two, or 0.",
        _figures(lambda f: f.late),
    ),
    Row(
        "late_seconds",
        "How long the oldest of it has waited.",
        _figures(lambda f: _seconds(f.late_for)),
    ),
    Row(
        "swept_timestamp_seconds",
        "Midnight of the last day whose sweep is done, six hours after it "
        "at the earliest; 0 if that is not known.",
        _figures(lambda f: _seconds(start_of(f.swept)) if f.swept else 0),
    ),
    Row(
        "anchored_timestamp_seconds",
        "The last figures at which the anchor held all that is durable.",
        _figures(lambda f: _seconds(f.anchored_at)),
    ),
    Row(
        "view_timestamp_seconds",
        "When what follows was read from the database.",
        _view(lambda v: _seconds(v.at)),
    ),
    Row(
        "behind",
        "Records of the log that this server has lacked for a minute; a "
        "power of two, or 0.",
        _view(lambda v: v.behind),
    ),
    Row(
        "signed_timestamp_seconds",
        "When the last entry under the newest checkpoint was written, to "
        "the minute or tick; 0 for none.",
        _view(lambda v: _seconds(v.signed_at)),
    ),
    Row(
        "cosigned_timestamp_seconds",
        "The same of the newest one that so many witnesses signed; 0 for none.",
        _cosigned,
        "witnesses",
    ),
    Row("epoch", "Epoch of the keys in use.", _view(lambda v: v.epoch)),
    Row(
        "epoch_timestamp_seconds",
        "When they were first used for an entry, to the minute or tick; 0 for never.",
        _view(lambda v: _seconds(v.epoch_at)),
    ),
    Row(
        "epoch_records",
        "Records of one chain that they sealed, filled up.",
        _view(lambda v: v.epoch_records),
    ),
)
"""Every metric that there is."""


class Page(Collector):
    """The page of one server.

    Args:
        look: says what there is to be seen.
    """

    def __init__(self, look: Callable[[], Seen]) -> None:
        self._look = look
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield every metric, without samples."""
        return (row.family([]) for row in METRICS)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        seen = self._look()
        return (row.family(row.read(seen)) for row in METRICS)

    def render(self) -> bytes:
        """Return the page as text."""
        return generate_latest(self._registry)
