"""The server's own log: lines of text, or an object a line; and how many there were.

Invariants:
    * a line of ours is a constant text with reasons, kinds and counts in it, in both forms;
    * of a record of somebody else's both have who, how bad, which kind of exception and
      where: never its text, which may hold whatever the library had at hand.
"""

import json
import logging
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

LEVELS: Final = ("warning", "error", "critical")
"""What is counted."""

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_OURS: Final = "placement."
_VALUE: Final = re.compile(r"\b([a-z_]+)=(\S+)")


class Lines(logging.Handler):
    """Counts lines by how bad they are.

    Attributes:
        counted: since the server started, by one of ``LEVELS``.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.counted: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        self.counted[record.levelname.lower()] += 1


class AsJson(logging.Formatter):
    """Makes an object of a record.

    Like this one::

        {"at": "2026-11-26T16:00:00.123Z", "level": "warning",
         "room": "placement.service.engine",
         "text": "batch_refused reason=UNAVAILABLE why=08006",
         "values": {"reason": "UNAVAILABLE", "why": "08006"}}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "room": record.name,
        }
        if text := _text(record):
            values = {name: _plain(value) for name, value in _VALUE.findall(text)}
            said |= {"text": text, "values": values} if values else {"text": text}
        return json.dumps(said | _exception(record), ensure_ascii=False)


class AsText(logging.Formatter):
    """Makes a line of text of a record."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        raised = (f"{name}={value}" for name, value in _exception(record).items())
        words = " ".join((_text(record) or "not_shown", *raised))
        return super().format(
            logging.makeLogRecord(
                {
                    "name": record.name,
                    "levelname": record.levelname,
                    "created": record.created,
                    "msecs": record.msecs,
                    "msg": words,
                }
            )
        )


def _text(record: logging.LogRecord) -> str:
    """Return what a record says; nothing of somebody else's."""
    ours = f"{record.name}.".startswith(_OURS)
    return record.getMessage() if ours else ""


def _plain(value: str) -> str | int:
    return int(value) if value.isdecimal() else value


def _exception(record: logging.LogRecord) -> dict[str, str]:
    """Return the kind of a record's exception, and the line that raised it."""
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    kind, _, trace = record.exc_info
    found = {"kind": kind.__name__}
    while trace is not None:
        code = trace.tb_frame.f_code
        found["where"] = f"{code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def begin(form: str) -> Lines:
    """Begin the log of this process, on standard error.

    Args:
        form: ``text`` or ``json``.

    Returns:
        What counts its lines.
    """
    shown, lines = logging.StreamHandler(), Lines()
    shown.setFormatter(AsJson() if form == "json" else AsText())
    logging.basicConfig(level=logging.INFO, handlers=[shown, lines])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return lines
