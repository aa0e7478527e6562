"""Serving until told to stop: the process closed first, the keys asked for then.

The same for a registry and for a custodian who stands apart; what differs is made by
whoever calls.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence

import uvloop

from placement.config import Settings
from placement.errors import UnavailableError
from placement.ops import logs
from placement.ops.hardening import harden
from placement.ops.logs import Lines
from placement.ops.opening import Make, serve_from_sealed
from placement.ops.profile import PRODUCTION, Row, refusals

_log = logging.getLogger(__name__)


def serve(settings: Settings, make: Make, rows: Sequence[Row]) -> str:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: what the server needs to know.
        make: makes it, once the custody is open.
        rows: what the production profile refuses of it.

    Returns:
        What to say at the end.

    Raises:
        OSError: a file can't be read, or the address is taken.
        PlacementError: something is unfit, does not open, or does not verify.
        ValueError: a setting can't be.
    """
    lines = logs.begin(settings.logs)
    # A lost connection is our own line; its page of traceback says no more.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    hardened = settings.profile != PRODUCTION or closed(settings, rows)
    uvloop.run(_until_told(settings, make, lines, hardened=hardened))
    return "Stopped."


def closed(settings: Settings, rows: Sequence[Row]) -> bool:
    """Close the process; return whether the machine allowed all of it.

    Raises:
        UnavailableError: something is fit for development alone; notes say what.
    """
    machine = harden()
    if refused := refusals(settings, machine, rows):
        error = UnavailableError()
        for sentence in refused:
            error.add_note(sentence)
        raise error
    if not machine.whole:
        _log.warning("memory_not_locked: secrets may go to swap")
    return machine.whole


async def _until_told(
    settings: Settings, make: Make, lines: Lines, *, hardened: bool
) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await serve_from_sealed(
        settings, told, _say, make=make, hardened=hardened, lines=lines
    )


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 (who started us waits for it)
