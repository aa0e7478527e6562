"""What is seen of a server from outside: health for probes, metrics, from its first moment.

Both listeners answer while the server is sealed and while it verifies its log: that is
when somebody looks. They hold no key and no certificate, and what they say is known
beforehand: words of fixed lists, and figures (``service.pulse``).
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Self

from placement.app import Site, micros
from placement.config import Settings
from placement.ops import backed
from placement.ops.exposing import Exposed
from placement.ops.logs import Lines
from placement.ops.metrics import CONTENT_TYPE, Page, Seen
from placement.rpc.health import CUSTODY, Probes

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at how the server is."""


class Outside:
    """The listeners of one process; ``async with Outside(settings) as outside: …``.

    Args:
        settings: whether there are any, and where.
        lines: counts those of the log.

    Attributes:
        metrics_port, health_port: where they listen; 0 for nowhere.
    """

    def __init__(self, settings: Settings, lines: Lines | None = None) -> None:
        self._settings = settings
        self._lines: Mapping[str, int] = lines.counted if lines else Counter()
        self._started = micros()
        self._site: Site | None = None
        self._phase = "sealed" if settings.custody != "file" else "starting"
        self._probes: Probes | None = None
        self._exposed: Exposed | None = None
        self._reporting: asyncio.Task[None] | None = None
        self.metrics_port = self.health_port = 0

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: an address is taken, or none of this machine.
        """
        settings = self._settings
        try:
            if settings.health.on:
                self._probes = Probes(settings.health.address)
                self.health_port = self._probes.port
                await self._probes.health.say(self.reasons())
                await self._probes.start()
                self._reporting = asyncio.create_task(self._report(self._probes))
            if settings.metrics.on:
                page = Page(self.seen).render
                self._exposed = Exposed(settings.metrics.address, page, CONTENT_TYPE)
                await self._exposed.start()
                self.metrics_port = self._exposed.port
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self._close()

    def open(self) -> None:
        """Say that the keys are there, and what is stored is being verified."""
        self._phase = "starting"

    def follow(self, site: Site) -> None:
        """Say from now on how a server is."""
        self._site = site

    def reasons(self) -> dict[str, str]:
        """Return by name of health why something is not served; empty if it is."""
        if self._site is not None:
            return self._site.statuses()
        return {
            "": self._phase,
            CUSTODY: self._phase if self._phase == "sealed" else "",
        }

    def seen(self) -> Seen:
        """Return what metrics are made of."""
        return Seen(
            started=self._started,
            reasons=self.reasons(),
            lines=self._lines,
            backups=backed.read(self._settings),
            outlook=self._site.outlook if self._site else None,
        )

    async def _report(self, probes: Probes) -> None:
        while True:
            await probes.health.say(self.reasons())
            await asyncio.sleep(LOOK_EVERY)

    async def _close(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            with suppress(asyncio.CancelledError):
                await self._reporting
        if self._probes is not None:
            await self._probes.stop()
        if self._exposed is not None:
            await self._exposed.stop()
