"""From sealed to serving: the address is held, the keys are asked for, then it opens.

While somebody types, or the log is being verified, callers get UNAVAILABLE
(``placement.rpc.sealed``). A plain key file needs nobody, so there is nothing to wait
for and no sealed time.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from placement.app import App, Site, micros, tls_of
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.errors import UnavailableError
from placement.ops.custodies import open_custody
from placement.ops.logs import Lines
from placement.ops.outside import Outside
from placement.rpc.even import Pace
from placement.rpc.identity import Identifier, Revocation
from placement.rpc.sealed import SealedHost

TRIES: Final = 3
"""How often a person may mistype a passphrase; a PIN is tried once."""

T = TypeVar("T")
Unseal = Callable[[], Awaitable[None]]
"""Leaves the address to the server."""


class Make(Protocol):
    """Makes a server, once its custody is open."""

    def __call__(
        self, settings: Settings, *, custody: Custody | None, hardened: bool
    ) -> Site:
        """Return it.

        Args:
            settings: what it needs to know.
            custody: the opened one; a plain key file needs no opening.
            hardened: whether the process is as closed as it can be.
        """
        ...


async def serve_from_sealed(  # noqa: PLR0913 (all that a start needs)
    settings: Settings,
    told: asyncio.Event,
    say: Callable[[str], None],
    *,
    make: Make = App,
    hardened: bool = True,
    lines: Lines | None = None,
    sealed: bool = True,
) -> None:
    """Hold the address, open the custody, and serve until an event is set.

    Args:
        settings: what the server needs to know.
        told: set when it shall stop.
        say: told each sentence for whoever started the server.
        make: makes the server.
        hardened: whether the process is as closed as it can be.
        lines: counts those of the log.
        sealed: whether callers are refused until the keys are there; else nobody listens
            until then.

    Raises:
        OSError: a file can't be read, or an address is taken.
        PlacementError: the custody does not open, or what is stored does not verify.
        ValueError: a setting can't be.
    """
    async with Outside(settings, lines) as outside:

        async def serve(
            settings: Settings, custody: Custody | None, unseal: Unseal | None = None
        ) -> None:
            site = make(settings, custody=custody, hardened=hardened)

            def ready(port: int) -> None:
                outside.follow(site)
                say(f"Serving on port {port}.")

            outside.open()
            await site.serve(told, ready, unseal)

        if settings.custody == "file":
            await serve(settings, None)
        elif not sealed:
            with closing(open_custody(settings)) as custody:
                await serve(settings, custody)
        else:
            await _unsealed(settings, told, say, serve)


async def _unsealed(
    settings: Settings,
    told: asyncio.Event,
    say: Callable[[str], None],
    serve: Callable[[Settings, Custody, Unseal], Awaitable[None]],
) -> None:
    """Hold the address until the custody is open, then serve on it."""
    sealed = sealed_host(settings)
    await sealed.start()
    say(f"Sealed on port {sealed.port}.")
    try:
        custody = await _or_told(told, lambda: unlocked(settings, say))
        if custody is None:
            return
        host, _, _ = settings.address.rpartition(":")
        settings = replace(settings, address=f"{host}:{sealed.port}")
        with closing(custody):
            await serve(settings, custody, sealed.stop)
    finally:
        await sealed.stop()


def sealed_host(settings: Settings) -> SealedHost:
    """Make the host that refuses; it has the address and the certificates.

    Raises:
        OSError: a file can't be read, or the address is taken.
        TamperedError: certificate, key and authorities do not fit.
    """
    tls = tls_of(settings)
    identifier = Identifier(
        settings.trust_domain, Revocation(tls), clock=lambda: micros() / 1_000_000
    )
    pace = Pace(settings.pace / 1000)
    return SealedHost(
        settings.address,
        tls=tls,
        identifier=identifier,
        pace=pace,
        shared=settings.processes > 1,
    )


def unlocked(settings: Settings, say: Callable[[str], None]) -> Custody:
    """Open the custody; whoever mistypes a passphrase may type it again.

    Raises:
        UnavailableError: it does not open.
    """
    again = settings.unlock == "prompt" and settings.custody == "passphrase"
    for _ in range(TRIES - 1 if again else 0):
        try:
            return open_custody(settings)
        except UnavailableError as error:
            say(" ".join(error.notes) or "The custody does not open.")
    return open_custody(settings)


async def _or_told(told: asyncio.Event, call: Callable[[], T]) -> T | None:
    """Run a call that may wait for a person; give it up when told to stop.

    In a thread that ends with the process: nobody can interrupt a terminal that waits.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(set_: Callable[..., None], value: object) -> None:
        if not outcome.done():
            set_(value)

    def tell(set_: Callable[..., None], value: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, set_, value)

    def run() -> None:
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001 (raised again where it is awaited)
            tell(outcome.set_exception, error)
        else:
            tell(outcome.set_result, found)

    threading.Thread(target=run, name="unlock", daemon=True).start()
    waiting = asyncio.ensure_future(told.wait())
    either: list[asyncio.Future[Any]] = [outcome, waiting]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not outcome.done():
        outcome.cancel()
        return None
    return outcome.result()
