"""Serving until told to stop: the process closed first, the keys asked for then.

The same for a registry and for a custodian who stands apart; what differs is made by
whoever calls.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence

import uvloop

from placement.config import Settings
from placement.errors import UnavailableError
from placement.ops import logs
from placement.ops.alone import alone
from placement.ops.hardening import harden
from placement.ops.logs import Lines
from placement.ops.opening import Make, serve_from_sealed
from placement.ops.processes import Processes
from placement.ops.profile import PRODUCTION, Row, refusals
from placement.rpc.limits import allow_files

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
    # Else it writes a page for each call whose client goes away at the wrong moment.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    allow_files()

    def serve_one(
        settings: Settings, say: Callable[[str], None], *, sealed: bool = True
    ) -> None:
        hardened = settings.profile != PRODUCTION or closed(settings, rows)
        uvloop.run(
            _until_told(settings, make, say, lines, hardened=hardened, sealed=sealed)
        )

    if settings.processes > 1:
        if settings.profile == PRODUCTION:
            closed(settings, rows)  # before it is told what opens the keys
        Processes(settings, serve_one, _say).run()
    else:
        with alone(settings):
            serve_one(settings, _say)
    return "Stopped."


def closed(settings: Settings, rows: Sequence[Row]) -> bool:
    """Close the process; return whether the machine allowed all of it.

    Raises:
        UnavailableError: something is fit for development alone; notes say what.
    """
    machine = harden()
    if refused := refusals(settings, machine, rows):
        raise UnavailableError().because(*refused)
    if not machine.whole:
        _log.warning("memory_not_locked: secrets may go to swap")
    return machine.whole


async def _until_told(  # noqa: PLR0913 (what a start depends on)
    settings: Settings,
    make: Make,
    say: Callable[[str], None],
    lines: Lines,
    *,
    hardened: bool,
    sealed: bool,
) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await serve_from_sealed(
        settings,
        told,
        say,
        make=make,
        hardened=hardened,
        lines=lines,
        sealed=sealed,
    )


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 (who started us waits for it)
