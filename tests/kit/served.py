"""A whole server on loopback for a test: real PKI, real store, real mTLS."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

import grpc
from placement_client.refusals import evened

from kit.certs import TRUST_DOMAIN, Pair, Pki
from kit.still import written
from placement.app import App, Site, micros, read_ruleset
from placement.audit.note import Signer
from placement.config import Settings
from placement.crypto.custody import FileCustody
from placement.crypto.pki import CLIENT_LIFETIME
from placement.crypto.signing import SigningKey
from placement.domain.decide.command import Moment
from placement.domain.decide.reevaluations import awaits
from placement.domain.state import State
from placement.domain.terms import Micros
from placement.service.custodian import Custodian
from placement.service.fold import found
from placement.store.anchor import Anchor
from placement.store.log import Store


class Served:
    """A running server; ``with Served(tmp_path) as served: …``.

    Args:
        folder: for its files.
        clock: the server's.
        database: where else than in the folder.
        pki: whose certificates it takes; without one it has an authority of its own.
        settings: of the server; without a ruleset there, it has no phantom stays, and
            without a pace, answers leave at once, and without a tick, nothing is
            filled up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], int] = micros,
        database: str = "",
        pki: Pki | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        self.pki = pki or Pki(folder)
        if pki is None:
            self.pki.server()
        self.clock = clock
        paths = self.pki.paths
        settings.setdefault("ruleset", written(folder))
        settings.setdefault("pace", 0)
        settings.setdefault("custodian_key", folder / "custodian.key")
        settings.setdefault("tick", 0)
        self.settings = Settings(
            address="127.0.0.1:0",
            database=database or f"sqlite:///{folder}/placement.db",
            anchor=folder / "placement.anchor",
            store_key=folder / "store.key",
            log_key=folder / "log.key",
            certificate=paths.certificate,
            key=paths.key,
            authority=paths.authority,
            revocations=paths.revocations,
            trust_domain=TRUST_DOMAIN,
            **settings,
        )
        if self.settings.custodian_key.exists():
            self.custodian = Custodian.open(self.settings.custodian_key)
        elif not self.settings.custodian_id:
            self.custodian = Custodian.create(self.settings.custodian_key)
        key = SigningKey.create(self.settings.log_key)
        self.log_key = Signer(self.settings.log_name, key).public
        custody = FileCustody.create(self.settings.store_key)
        store = Store.create(self.settings.database, custody, self.settings.keys)
        self.found(store)
        Anchor(self.settings.anchor, store).create(store.read_head())
        store.close()
        self.port = 0
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a thread of its own; raises what the start raises."""
        ready = threading.Event()

        def listening(port: int) -> None:
            self.port = port
            ready.set()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._until = asyncio.Event()
            self.app = self.build()
            await self.app.serve(self._until, listening)

        def run() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:  # noqa: BLE001 (raised again by start)
                self._error = error
            ready.set()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def found(self, store: Store) -> None:
        """Write the first record of a store, as ``placement-server init`` does."""
        apart = bytes.fromhex(self.settings.custodian_id)
        rules = read_ruleset(self.settings.ruleset)
        found(store, apart or self.custodian.key_id, micros(), rules)

    def build(self) -> Site:
        """Make the server that is to be started."""
        return App(self.settings, clock=self.clock)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join()

    def stall(self, free: threading.Event, longest: float) -> None:
        """Have nothing go on until something is set, or for so many seconds."""
        self._loop.call_soon_threadsafe(free.wait, longest)

    def works(self, state: State) -> bool:
        """Tell whether the server has something to do by itself, in a state."""
        now = Micros(self.clock())
        moment = Moment(now=now, ruleset=self.app.engine.ruleset)
        return len(state.agenda) > 0 or awaits(state, moment)

    def channel(
        self,
        role: str,
        organisation: str,
        person: str,
        *,
        lifetime: timedelta = CLIENT_LIFETIME,
    ) -> grpc.Channel:
        """Connect as somebody."""
        pair = self.pki.client(role, organisation, person, lifetime=lifetime)
        return self.connect(pair)

    def connect(self, pair: Pair) -> grpc.Channel:
        """Connect with a certificate."""
        return evened(self.bare(pair))

    def bare(self, pair: Pair) -> grpc.Channel:
        """Connect as a client that knows nothing of refusals, and sees the padding."""
        credentials = grpc.ssl_channel_credentials(
            self.pki.ca, pair.key, pair.certificate
        )
        return grpc.secure_channel(f"localhost:{self.port}", credentials)
