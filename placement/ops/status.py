"""``placement-server status``: how a running server is, read from its metrics.

It opens neither custody nor database: whoever may read metrics may ask, at any hour, and
nothing is typed. It says what they say, and what of it somebody has to look after.

Of several processes each is asked. Exit codes: 0 all is well, 1 something is not, or nothing
answers, so that nothing is known; 2 (from the parser) not understood.
"""

import argparse
import http.client
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.parser import text_string_to_metric_families

from placement.app import micros
from placement.config import Listener, Settings
from placement.ops.choosing import add_settings, path_of, read_settings
from placement.ops.exposing import PATH

if TYPE_CHECKING:
    from argparse import _SubParsersAction

PATIENCE: Final = 10.0
"""Seconds for an answer."""
_ERROR: Final = "error"
"""What the JSON has where nothing is known."""
HOUR: Final = 3600
DAY: Final = 86_400
BEATS: Final = 3
"""Figures that are missing before they are called old."""
ANY: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 (not listened on)
"""Where to ask what listens on every address."""

_Key = tuple[str, str]


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the operator's parser."""
    text = "say how the server of this machine is, and what to look after"
    command = subparsers.add_parser("status", help=text, description=text)
    command.add_argument("--json", action="store_true", help="as one JSON object")
    add_settings(command)


def run_command(args: argparse.Namespace) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    try:
        settings = read_settings(args)
    except (OSError, ValueError) as error:
        return _fail(args, _words(error))
    now = micros() // 1_000_000
    found = [_asked(settings, 1 + index, now) for index in range(settings.processes)]
    if all(_ERROR in each.said for each in found):
        return _fail(args, found[0].said[_ERROR])
    status = found[0] if len(found) == 1 else _together(found)
    print(json.dumps(status.said) if args.json else status.text())  # noqa: T201 (a command's answer)
    return 1 if status.faults else 0


def _fail(args: argparse.Namespace, words: str) -> int:
    said = f"{path_of(args)}: {words}"
    print(json.dumps({_ERROR: said}) if args.json else said, file=sys.stderr)  # noqa: T201 (a command's answer)
    return 1


def _words(error: Exception) -> str:
    return str((isinstance(error, OSError) and error.strerror) or error)


def _asked(settings: Settings, number: int, now: int) -> "Status":
    """Ask one process how it is; or say why that is not known."""
    metrics = settings.metrics.of(number)
    try:
        return read(settings, fetched(metrics), now)
    except ConnectionRefusedError:
        words = f"No server is running: nothing answers at {metrics.address}."
    except (OSError, ValueError, http.client.HTTPException) as error:
        words = f"{metrics.address}: {_words(error)}"
    return Status({"well": False, _ERROR: words}, [words])


def _together(found: "Sequence[Status]") -> "Status":
    """Return how several processes are, as one."""
    faults = [
        f"Process {number}: {fault}"
        for number, status in enumerate(found, 1)
        for fault in status.faults
    ]
    said = [status.said for status in found]
    return Status({"well": not faults, "faults": faults, "processes": said}, faults)


def fetched(metrics: Listener) -> str:
    """Return the page of metrics.

    Raises:
        OSError: nothing answers there.
        HTTPException: what answers is something else.
        ValueError: likewise, or there are none.
    """
    if not metrics.on:
        raise ValueError("there are no metrics to read: set metrics.on to true")
    host, _, port = metrics.address.rpartition(":")
    host = ANY.get(host, host).strip("[]")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise ValueError("what answers is no server of ours")
        return answer.read().decode()
    finally:
        connection.close()


@dataclass(slots=True)
class Status:
    """How a server is.

    Attributes:
        said: what the JSON has.
        faults: what somebody has to look after, a sentence each.
    """

    said: dict[str, Any]
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return it for people: what is wrong first."""
        lines = [f"LOOK  {fault}" for fault in self.faults]
        for number, said in enumerate(self.said.get("processes", ()), 1):
            lines += ["", f"Process {number}", *_lines(said)]
        if "processes" not in self.said:
            lines += _lines(self.said)
        return "\n".join(lines if self.faults else ["All is well.", *lines])


def read(settings: Settings, page: str, now: int) -> Status:
    """Read a page.

    Args:
        settings: of the server.
        page: its metrics.
        now: seconds since 1970-01-01T00:00Z.

    Raises:
        ValueError: it is none of ours.
    """
    got = _samples(page)
    if ("serving", "") not in got:
        raise ValueError("what answers is no server of ours")
    faults = list(_faults(settings, got, now))
    return Status({"well": not faults, "faults": faults, **_said(got)}, faults)


def _samples(page: str) -> Mapping[_Key, float]:
    """Return values by name, without ours before it, and by what the one label says."""
    found: dict[_Key, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            label = next(iter(sample.labels.values()), "")
            found[sample.name.removeprefix("placement_"), label] = sample.value
    return found


def _labelled(got: Mapping[_Key, float], name: str) -> dict[str, float]:
    return {label: value for (found, label), value in got.items() if found == name}


def _time(got: Mapping[_Key, float], name: str, label: str = "") -> str | None:
    """Return a time as text; ``None`` if it is not known, or there was none."""
    seconds = got.get((f"{name}_timestamp_seconds", label), 0)
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def _number(got: Mapping[_Key, float], name: str) -> int | None:
    found = got.get((name, ""))
    return None if found is None else int(found)


def _said(got: Mapping[_Key, float]) -> dict[str, Any]:
    cosigned = _labelled(got, "cosigned_timestamp_seconds")
    troubles = [reason for reason, on in _labelled(got, "trouble").items() if on]
    incidents = _labelled(got, "incidents_total")
    return {
        "version": next(iter(_labelled(got, "info")), ""),
        "started": _time(got, "started"),
        "sealed": got["sealed", ""] == 1,
        "serving": got["serving", ""] == 1,
        "troubles": troubles,
        "proven": got.get(("proven", ""), 0) == 1,
        "incidents": {kind: int(count) for kind, count in incidents.items()},
        "log_lines": {k: int(n) for k, n in _labelled(got, "log_lines_total").items()},
        "figures_at": _time(got, "figures"),
        "revision": _number(got, "revision"),
        "entries": _number(got, "entries"),
        "behind": _number(got, "behind"),
        "late": _number(got, "late"),
        "late_seconds": _number(got, "late_seconds"),
        "swept": _time(got, "swept"),
        "anchored": _time(got, "anchored"),
        "signed": _time(got, "signed"),
        "cosigned": {label: _time(got, "cosigned", label) for label in cosigned},
        "epoch": _number(got, "epoch"),
        "epoch_since": _time(got, "epoch"),
        "epoch_records": _number(got, "epoch_records"),
        "refused": _number(got, "refused_total"),
        "commit_seconds": got.get(("commit_seconds", "")),
        "backups": {kind: _time(got, "backup", kind) for kind in ("database", "keys")},
    }


_TROUBLES: Final[Mapping[str, str]] = {
    "sealed": "It is sealed: somebody has to open the custody.",
    "starting": "It is starting: the log is being verified.",
    "stopped": "The engine has ended: start the server again.",
    "unverified": "Something stored does not verify: nothing is answered.",
    "anchor": "The anchor can't be written: nothing is answered until it can.",
    "database": "The database does not answer, so no caller is answered.",
    "hangs": "The engine hangs, so nobody is answered: see the disks, start it again.",
    "sweep": "A sweep found what no change had touched, or something can't be weighed.",
    "weighing": "An error kept placements from being weighed again.",
    "memory": "The machine did not let the process be closed whole.",
    "erasure": "Keys of what was erased, or copies, may be left: does somebody read for long?",
}
"""What each reason means, for whoever has to do something."""


def _faults(settings: Settings, got: Mapping[_Key, float], now: int) -> Iterator[str]:
    """Yield what somebody has to look after."""
    for reason, on in _labelled(got, "trouble").items():
        if on:
            yield _TROUBLES.get(reason, f"It says {reason}.")
    beat = max(60, settings.tick)
    old = now - BEATS * beat
    serving = got["serving", ""] == 1
    running = serving and got["started_timestamp_seconds", ""] < old
    if running and got.get(("figures_timestamp_seconds", ""), 0) < old:
        yield "Its figures are old: the engine hangs, or has too much to do."
    if running and got.get(("view_timestamp_seconds", ""), 0) < old:
        yield "It has not read the database for minutes."
    if running and got["started_timestamp_seconds", ""] < now - DAY:
        yield from _unproven(got)
    yield from _behind(got, now)
    if running and settings.tick:
        yield from _unsigned(got, old - settings.tick)
    if serving:
        yield from _never(got, now)


def _behind(got: Mapping[_Key, float], now: int) -> Iterator[str]:
    """Yield what is not as new as it should be."""
    if got.get(("behind", "")):
        yield "It lacks what other servers wrote a minute ago."
    if got.get(("late", "")):
        yield "Changes wait to be weighed: alerts come late."
    swept = got.get(("swept_timestamp_seconds", ""))
    if swept is not None and now - swept > DAY + 12 * HOUR:
        yield "No sweep is known to have been done for a day and a half."


def _unproven(got: Mapping[_Key, float]) -> Iterator[str]:
    """Yield that it takes too long to verify the log behind a start."""
    if not got.get(("proven", ""), 1):
        yield "The log is not proven, a day after the start: see the lines of its log."


def _unsigned(got: Mapping[_Key, float], old: int) -> Iterator[str]:
    """Yield what is missing of a log that is signed at each tick."""
    signed = got.get(("signed_timestamp_seconds", ""))
    if signed is not None and signed < old:
        yield "No checkpoint was signed for several ticks."
    cosigned = got.get(("cosigned_timestamp_seconds", "1"))
    if cosigned and cosigned < (signed or 0) - HOUR:
        yield "No witness has signed for an hour."


def _never(got: Mapping[_Key, float], now: int) -> Iterator[str]:
    """Yield what was never done."""
    hour = got["started_timestamp_seconds", ""] < now - HOUR
    if hour and got.get(("cosigned_timestamp_seconds", "1")) == 0:
        yield "No witness has ever signed: nobody would see that the log was put back."
    for kind, what in (("database", "database"), ("keys", "key store")):
        if got.get(("backup_timestamp_seconds", kind)) == 0:
            yield f"No backup of the {what} is known on this machine."


def _lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield what people read."""
    if _ERROR in said:
        yield str(said[_ERROR])
        return
    state = "sealed" if said["sealed"] else "open"
    answers = "callers are answered" if said["serving"] else "nobody is answered"
    yield _line("server", f"{state}, {answers}; version {said['version']}")
    yield _line("started", _when(said["started"]))
    proof = (
        "all of the log is verified" if said["proven"] else "not all is verified yet"
    )
    yield _line("proof", proof)
    incidents = ", ".join(f"{kind} {n}" for kind, n in said["incidents"].items())
    yield _line("incidents", f"{incidents}; in the log {_counts(said['log_lines'])}")
    if said["figures_at"] is None:
        yield _line("figures", "none yet")
    else:
        yield _line("log", f"revision {said['revision']}, {said['entries']} entries")
        yield _line("figures", _when(said["figures_at"]))
        yield _line("late", f"{said['late']}, for {_span(said['late_seconds'])}")
        yield _line("sweep", f"done for the day that began {_when(said['swept'])}")
        yield _line("anchor", f"held all at {_when(said['anchored'])}")
        refused = f"{said['refused']} refused for want of room"
        yield _line("load", f"{refused}; slowest write {said['commit_seconds']} s")
    if said["epoch"] is not None:
        yield _line("lag", f"{said['behind']} records")
        yield _line("checkpoint", _when(said["signed"]))
        for witnesses, at in said["cosigned"].items():
            yield _line("witnesses", f"{witnesses} signed {_when(at)}")
        epoch = f"{said['epoch']}, since {_when(said['epoch_since'])}"
        yield _line("epoch", f"{epoch}, up to {said['epoch_records']} records")
    for kind, at in said["backups"].items():
        yield _line(f"backup, {kind}", _when(at))


def _line(name: str, words: str) -> str:
    return f"{name:<17}{words}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{level} {count}" for level, count in counts.items())


def _when(text: str | None) -> str:
    return (
        "not known" if text is None else text.replace("T", " ").replace("+00:00", "Z")
    )


def _span(seconds: int) -> str:
    return str(timedelta(seconds=seconds))
