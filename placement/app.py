"""The composition root: builds every object once, and serves until told to stop."""

import asyncio
import gc
import logging
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from placement.access import NATIONAL, POLICE_REGIONS
from placement.audit.note import Kind, Signer, Verifier, parse_key
from placement.config import Settings
from placement.crypto.custody import Custody, FileCustody
from placement.crypto.keyfile import open_signing
from placement.crypto.signing import verify
from placement.domain.areas import Areas, parse_areas
from placement.domain.ruleset import Ruleset, parse_past, parse_ruleset
from placement.domain.ruleset_keys import version_of
from placement.errors import TamperedError
from placement.rpc.desk import Desk
from placement.rpc.door import Door
from placement.rpc.even import Pace
from placement.rpc.host import Host, Services
from placement.rpc.identity import Identifier, Revocation, TlsPaths
from placement.rpc.keyed import Keyed
from placement.rpc.servicers import Checks, Pseudonyms, Registry
from placement.rpc.servicers_audit import Audit, Log, Reading
from placement.rpc.servicers_budgets import Budgets
from placement.rpc.servicers_changeovers import Changeovers
from placement.rpc.servicers_erasure import Erasures
from placement.rpc.servicers_extracts import Extracts
from placement.rpc.servicers_groups import Groups
from placement.rpc.servicers_imports import Imports
from placement.rpc.servicers_phantoms import Haunts
from placement.rpc.servicers_placements import Alerts, Placements
from placement.rpc.servicers_reviews import Reviews
from placement.rpc.servicers_rulesets import Rulesets
from placement.service.bookmarks import Bookmarks
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.index import Indexer
from placement.service.manners import TURN
from placement.service.outlook import Outlook
from placement.service.review import Review
from placement.service.rules import Rules
from placement.service.search import Searcher
from placement.service.staged import StagedRows
from placement.service.ticks import Ticks
from placement.service.watch import Watch
from placement.service.worker import Worker
from placement.store.anchor import Anchor
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.summaries import Summaries

RARELY: Final = 100
"""How many collections of young objects come before one that looks through all.

Nobody is answered while it looks, and hardly any of what the state has is ever garbage.
"""
REPORT_EVERY: Final = 1.0
"""Seconds between two looks at whether the engine still answers."""

_log: Final = logging.getLogger(__name__)
_DATA: Final = files("placement.domain") / "data"


def micros() -> int:
    """Return the time, in microseconds since 1970-01-01T00:00Z."""
    return time.time_ns() // 1000


def read_ruleset(path: Path | None) -> Ruleset:
    """Read a ruleset file, or the one that comes with the package.

    Raises:
        OSError: it can't be read.
        ValueError: it is none.
    """
    if path is None:
        return parse_ruleset((_DATA / "ruleset.toml").read_text("utf-8"), read_areas())
    try:
        return parse_ruleset(path.read_text("utf-8"), read_areas())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_areas() -> Areas:
    """Read the table of municipalities that comes with the package."""
    return parse_areas((_DATA / "municipalities.csv").read_text("utf-8"))


def read_past(folder: Path | None) -> dict[str, Ruleset]:
    """Read the rulesets that were in force before, by version.

    Raises:
        OSError: the folder, or one, can't be read.
        ValueError: one is none, or two have one version.
    """
    there = () if folder is None else folder.iterdir()  # which refuses what is none
    paths = sorted(path for path in there if path.match("*.toml"))
    shipped = read_ruleset(None)
    past = [_past(path, shipped) for path in paths]
    found = {ruleset.version: ruleset for ruleset in past}
    if len(found) != len(past):
        raise ValueError(f"{folder}: two rulesets have one version")
    return found


def _past(path: Path, shipped: Ruleset) -> Ruleset:
    try:
        return parse_past(path.read_text("utf-8"), shipped.table, shipped)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def ticks_of(settings: Settings) -> Ticks | None:
    """Return what fills up what is written, if the settings want that."""
    every = settings.tick * 1_000_000
    return Ticks(every, settings.fill) if every else None


def read_witnesses(texts: Iterable[str]) -> tuple[Verifier, ...]:
    """Read the verifier keys of witnesses.

    Raises:
        ValueError: one is none, or two have one name.
    """
    try:
        keys = [parse_key(text) for text in texts]
    except TamperedError:
        raise ValueError("witnesses: a text is no verifier key") from None
    if any(key.kind is not Kind.COSIGNATURE for key in keys):
        raise ValueError("witnesses: a key is not for cosignatures")
    if len({key.name for key in keys}) != len(keys):
        raise ValueError("witnesses: two have one name")
    return tuple(Verifier(key, verify) for key in keys)


def tls_of(settings: Settings) -> TlsPaths:
    """Return where the files of the transport lie."""
    return TlsPaths(
        certificate=settings.certificate,
        key=settings.key,
        authority=settings.authority,
        revocations=settings.revocations,
    )


class Site(ABC):
    """A server with its store, its engine and its log, whatever it serves.

    Attributes:
        engine: decides.
        outlook: what may be seen of it from outside.
        statuses: by name why something is not served; once it serves.
    """

    engine: Engine
    outlook: Outlook
    statuses: Callable[[], dict[str, str]]
    _settings: Settings
    _store: Store
    _rules: Rules
    _indexer: Indexer
    _witnesses: tuple[Verifier, ...]
    _clock: Callable[[], int]

    async def serve(
        self,
        until: asyncio.Event,
        ready: Callable[[int], None],
        unseal: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Serve until an event is set.

        Args:
            until: set when the server shall stop.
            ready: told the port once calls are answered.
            unseal: leaves the address, once all is verified.

        Raises:
            OSError: a file can't be read, or the address is taken.
            PlacementError: what is stored does not verify.
        """
        sys.setswitchinterval(TURN)
        gc.set_threshold(*gc.get_threshold()[:2], RARELY)
        try:
            await asyncio.to_thread(self.engine.start)
            gc.freeze()  # what was folded stays; no collection looks through it
            self._note_ruleset()
            self._indexer.start()
            if unseal is not None:
                await unseal()
            host = self._host()
            self.statuses = host.statuses
            await host.start()
            ready(host.port)
            looking = asyncio.create_task(self._look(until))
            while not until.is_set():
                await host.report()
                await _either(until, REPORT_EVERY)
            await host.stop()
            await looking
        finally:
            await asyncio.to_thread(self._indexer.stop)
            await asyncio.to_thread(self.engine.stop)
            self._store.close()

    def _note_ruleset(self) -> None:
        """Say so if the server has another ruleset than the log, which is in force."""
        own, used = self._rules.shipped, self.engine.ruleset
        if self._settings.ruleset is not None and own.content != used.content:
            _log.warning("ruleset_unused the log says which one is in force")
        elif version_of(own.version) > version_of(used.version):
            _log.warning("ruleset_older the program has a newer one, to be adopted")

    async def _look(self, until: asyncio.Event) -> None:
        """Look at the database each time that somebody may want to see how it is."""
        while self._settings.metrics.on and not until.is_set():
            await asyncio.to_thread(self.outlook.look)
            await _either(until, self.outlook.pulse.every / 1_000_000)

    def _seen(self, *, hardened: bool, worker: Worker | None = None) -> Outlook:
        """Return what is to be seen of it from outside."""
        return Outlook(
            self.engine,
            self._store,
            clock=self._clock,
            worker=worker,
            witnesses=len(self._witnesses),
            hardened=hardened,
        )

    @abstractmethod
    def _host(self) -> Host:
        """Build the outside of the server around the engine."""

    def _door(self, tls: TlsPaths, desk: Desk) -> Door:
        """Build the door before a desk."""
        identifier = Identifier(
            self._settings.trust_domain,
            Revocation(tls),
            clock=lambda: self._clock() / 1_000_000,
        )
        pace = Pace(self._settings.pace / 1000)
        return Door(identifier, desk, pace, self.engine.pulse)


class App(Site):
    """Everything of one server, made once.

    Args:
        settings: what it needs to know.
        clock: microseconds since 1970-01-01T00:00Z.
        custody: the opened one; a plain key file needs no opening.
        hardened: whether the process is as closed as it can be.

    Raises:
        OSError: a file can't be read.
        PlacementError: keys, certificates or store do not fit.
        ValueError: the ruleset is none, a contact is of no region, or a witness has no
            key.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], int] = micros,
        custody: Custody | None = None,
        hardened: bool = True,
    ) -> None:
        unknown = set(settings.contacts) - {*POLICE_REGIONS, NATIONAL}
        if unknown:
            raise ValueError(f"contacts: unknown region: {', '.join(sorted(unknown))}")
        self._settings = settings
        self._witnesses = read_witnesses(settings.witnesses)
        self._clock = clock
        self._rules = Rules(
            read_ruleset(settings.ruleset),
            read_past(settings.past_rulesets),
            veiled=settings.profile == "production",
        )
        custody = custody or FileCustody(settings.store_key)
        apart = bytes.fromhex(settings.custodian_id)
        self._custodian = (
            None if apart else Custodian.open(settings.custodian_key, custody)
        )
        key_id = self._custodian.key_id if self._custodian else apart
        self._keyed = Keyed(bare=not apart)
        signer = Signer(settings.log_name, open_signing(settings.log_key, custody))
        self._store = Store.open(settings.database, custody, settings.keys)
        self._staged = StagedRows(self._store)
        self._worker = Worker(self._staged)
        self.engine = Engine(
            self._store,
            self._rules,
            custodian=key_id,
            signer=signer,
            clock=clock,
            worker=self._worker,
            anchor=Anchor(settings.anchor, self._store),
            ticks=ticks_of(settings),
        )
        self.outlook = self._seen(hardened=hardened, worker=self._worker)
        self._review = Review(self._store, self.engine.condemn)
        self._indexer = Indexer(
            Summaries(self._store),
            size=self._review.size,
            whole=self._review.whole,
            condemn=self.engine.condemn,
        )

    def _host(self) -> Host:
        """Build the outside of the server around the engine."""
        settings, tls = self._settings, tls_of(self._settings)
        store, custodian = self._store, self._custodian
        bookmarks = Bookmarks(store.ring, store.owner)
        desk = Desk(self.engine, store.ring, bookmarks, self._keyed)
        review, ledger = self._review, Ledger(store)
        reading = Reading(desk, store, review, ledger)
        return Host(
            settings.address,
            tls=tls,
            door=self._door(tls, desk),
            services=Services(
                pseudonyms=Pseudonyms(desk, custodian) if custodian else None,
                checks=Checks(desk, self.contact_of),
                placements=Placements(desk, self.contact_of),
                registry=Registry(desk, self.contact_in),
                reviews=Reviews(desk),
                groups=Groups(desk),
                erasures=Erasures(desk),
                budgets=Budgets(desk, evaluates=custodian is not None),
                haunts=Haunts(desk),
                changeovers=Changeovers(desk),
                extracts=Extracts(reading),
                alerts=Alerts(desk, self.engine.feed, self.contact_in),
                imports=Imports(desk, self._staged),
                rulesets=Rulesets(desk),
                audit=Audit(
                    reading,
                    Searcher(review, ledger, bookmarks),
                    Watch(review, lambda: self.engine.ruleset),
                    self._rules,
                ),
                log=Log(reading, self._witnesses),
            ),
            outlook=self.outlook,
            reflection_on=settings.reflection,
            shared=settings.processes > 1,
        )

    def contact_of(self, municipality: str) -> str:
        """Return whom a municipality phones; the same whatever it asks."""
        area = self._rules.shipped.areas.get(municipality)
        return self.contact_in(area.police_region if area else NATIONAL)

    def contact_in(self, region: str) -> str:
        """Return whom to phone in a region."""
        return self._settings.contacts.get(
            region, f"the police coordinator of region {region}"
        )


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event or for some time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
