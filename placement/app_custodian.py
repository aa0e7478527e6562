"""The composition root of a custodian who stands apart from the registry.

Its process has its own settings, key, certificate, budget and log. It opens no registry:
its log is founded under an id that no registry has, and a registry's store is refused.
It serves evaluations, and its own log to auditors, witnesses and whoever was let in;
every other method does not exist here. An evaluation is admitted, charged and in the log
before it is made, by the same engine as everything else.
"""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from placement.app import (
    Site,
    micros,
    read_ruleset,
    read_witnesses,
    ticks_of,
    tls_of,
)
from placement.audit.note import Signer
from placement.config import CustodianSettings
from placement.crypto.custody import Custody, FileCustody
from placement.crypto.keyfile import open_signing
from placement.domain.ruleset import Ruleset, parse_ruleset, rendered
from placement.rpc.desk import Desk
from placement.rpc.host import CustodianServices, Host
from placement.rpc.servicers import Pseudonyms
from placement.rpc.servicers_audit import Audit, Log, Reading
from placement.service.bookmarks import Bookmarks
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.index import Indexer
from placement.service.review import Review
from placement.service.rules import Rules
from placement.service.search import Searcher
from placement.service.watch import Watch
from placement.store.anchor import Anchor
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.summaries import Summaries

CASES: Final = frozenset({"EVALUATED_WITHOUT_CASE"})
"""Patterns that need cases, of which there are none here."""
OWN: Final = "+budgets"
"""Ends the version of a ruleset whose budgets are not the package's."""


class CustodianApp(Site):
    """Everything of one custodian, made once.

    Args:
        settings: what it needs to know.
        clock: microseconds since 1970-01-01T00:00Z.
        custody: the opened one; a plain key file needs no opening.
        hardened: whether the process is as closed as it can be.

    Raises:
        OSError: a file can't be read.
        PlacementError: keys, certificates or store do not fit.
        ValueError: a witness has no key.
    """

    def __init__(
        self,
        settings: CustodianSettings,
        *,
        clock: Callable[[], int] = micros,
        custody: Custody | None = None,
        hardened: bool = True,
    ) -> None:
        server = settings.server
        self._settings = server
        self._clock = clock
        self._witnesses = read_witnesses(server.witnesses)
        self._rules = Rules(ruleset_of(settings))
        custody = custody or FileCustody(server.store_key)
        self._custodian = Custodian.open(server.custodian_key, custody)
        signer = Signer(server.log_name, open_signing(server.log_key, custody))
        self._store = Store.open(server.database, custody, server.keys)
        self.engine = Engine(
            self._store,
            self._rules,
            custodian=self._custodian.log_id,
            signer=signer,
            clock=clock,
            anchor=Anchor(server.anchor, self._store),
            ticks=ticks_of(server),
        )
        self.outlook = self._seen(hardened=hardened)
        self._review = Review(self._store, self.engine.condemn)
        self._indexer = Indexer(
            Summaries(self._store),
            size=self._review.size,
            whole=self._review.whole,
            condemn=self.engine.condemn,
        )

    def _host(self) -> Host:
        """Build the outside of the custodian around its engine."""
        settings, store, tls = self._settings, self._store, tls_of(self._settings)
        bookmarks = Bookmarks(store.ring, store.owner)
        desk = Desk(self.engine, store.ring, bookmarks)
        review, ledger = self._review, Ledger(store)
        reading = Reading(desk, store, review, ledger)
        return Host(
            settings.address,
            tls=tls,
            door=self._door(tls, desk),
            services=CustodianServices(
                pseudonyms=Pseudonyms(desk, self._custodian),
                audit=Audit(
                    reading,
                    Searcher(review, ledger, bookmarks),
                    Watch(review, lambda: self.engine.ruleset, CASES),
                    self._rules,
                ),
                log=Log(reading, self._witnesses),
            ),
            outlook=self.outlook,
            reflection_on=settings.reflection,
            shared=settings.processes > 1,
        )


def ruleset_of(settings: CustodianSettings) -> Ruleset:
    """Return the ruleset of the package with this custodian's own budgets.

    Entries vouch for it as for any: what is hashed has these budgets in it, and where
    they are others than the package's, the version says so.
    """
    shipped = read_ruleset(None)
    data = tomllib.loads(shipped.content)
    for role, (hour, day) in settings.budgets.items():
        spent = {"person_hour": hour, "organisation_day": day}
        data["budget"]["evaluation"][role] = spent
    own = parse_ruleset(rendered(data), shipped.table)
    if own.digest == shipped.digest:
        return shipped
    return replace(own, version=f"{own.version}{OWN}")
