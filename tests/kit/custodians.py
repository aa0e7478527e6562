"""Custodians who stand apart: servers on loopback, each with its share of one key."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kit.certs import Pki
from kit.served import Served
from placement.app import Site, micros
from placement.app_custodian import CustodianApp
from placement.config import CustodianSettings
from placement.crypto import voprf
from placement.crypto.custody import OPRF_LABEL, write_secret
from placement.crypto.shares import whole
from placement.service.fold import found
from placement.store.log import Store

NO_BUDGETS: Mapping[str, tuple[int, int]] = MappingProxyType({})


class Keeping(Served):
    """A custodian.

    Args:
        folder: for its files.
        key: its share, or the whole key.
        pki: whose certificates it takes; without one it has an authority of its own.
        budgets: other than the package's.
        settings: of the server.
    """

    def __init__(
        self,
        folder: Path,
        key: voprf.PrivateKey,
        *,
        pki: Pki | None = None,
        budgets: Mapping[str, tuple[int, int]] = NO_BUDGETS,
        **settings: object,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.key, self.budgets = key, budgets
        # What is there already is not drawn again.
        write_secret(folder / "share.key", OPRF_LABEL, key.encode())
        super().__init__(
            folder,
            pki=pki,
            custodian_key=folder / "share.key",
            origin=f"{folder.name}.test/log",
            **settings,
        )

    def found(self, store: Store) -> None:
        found(store, self.custodian.log_id, micros(), None)

    def build(self) -> Site:
        settings = CustodianSettings(self.settings, self.budgets)
        return CustodianApp(settings, clock=self.clock)

    @property
    def pin(self) -> str:
        """What a client's context says of it."""
        return f"localhost:{self.port}={self.custodian.public_key.hex()}"


def public(*keeping: Keeping) -> str:
    """Return the public key that custodians' shares make, in hex."""
    return whole([each.key.public for each in keeping]).encode().hex()
