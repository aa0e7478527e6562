r"""Hand the label key to another coordinator, through a server that learns nothing.

Each coordinator has an exchange key, whose public half is published under a signature
of the certificate. Whoever hands the label key over verifies that first, seals the key
to it, and signs what was sealed; whoever receives it verifies the signature before
anything is opened. So a server can neither read the key, nor give its own exchange key
for somebody's, nor slip anybody a label key that it knows.

What is signed, line by line, each ended by ``\n``:

    exchange key   placement-exchange-key-v1, origin of the log,
                   organisation/person, the public key in hexadecimal
    letter         placement-label-key-v1, origin of the log, sender, receiver,
                   id of the label key in hexadecimal, what was sealed in hexadecimal

What a letter is sealed for (``info``) is the letter without its last line.

Invariants:
    * nothing is sealed to a key, and nothing opened, whose certificate is not a
      coordinator's, of the very person that the server names, issued by the authority
      of the context and valid now.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from cryptography import x509

from placement.api.v1.group_service_pb2 import ExchangeKey as Published
from placement.api.v1.group_service_pb2 import HandedKey, SealedKey
from placement.crypto.documents import alone, sign, verify
from placement.crypto.exchange import ExchangeKey, seal
from placement.errors import InvalidInputError, TamperedError
from placement_client.credentials import (
    Holder,
    for_clients,
    holder,
    read_chain,
    read_credentials,
    signed_by,
)
from placement_client.days import Clock
from placement_client.labels import LabelKey
from placement_client.profile import Profile

_EXCHANGE: Final = "placement-exchange-key-v1"
_LETTER: Final = "placement-label-key-v1"
_ROLE: Final = "coordinator"


def person_of(who: Holder | Published | HandedKey) -> str:
    """Return how a coordinator is named: ``organisation/person``."""
    return f"{who.organisation}/{who.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Signs and verifies as one coordinator.

    Attributes:
        me: who that is.
        origin: of the access log: which store this is all about.
        certificate: PEM, one certificate.
        key: its private key, PEM.
        authorities: who may issue certificates.
        clock: what time it is.
    """

    me: Holder
    origin: str
    certificate: bytes
    key: bytes = field(repr=False)
    authorities: Sequence[x509.Certificate]
    clock: Clock = time.time

    @classmethod
    def of(cls, profile: Profile, clock: Clock = time.time) -> Self:
        """Return the hand of a context's certificate.

        Raises:
            InvalidInputError: it is no coordinator's, or the context pins no log.
        """
        policy = profile.policy()
        if policy is None:
            phrase = "is not pinned in this context; add it again with --log-key"
            raise InvalidInputError("log_key", phrase)
        read = read_credentials(profile)
        me = holder(read_chain(read.certificate, "certificate")[0])
        if me is None or me.role != _ROLE:
            raise InvalidInputError("certificate", "is no coordinator's")
        return cls(
            me=me,
            origin=policy.log.name,
            certificate=alone(read.certificate),
            key=read.key,
            authorities=read_chain(read.ca, "ca"),
            clock=clock,
        )

    def signed(self, content: bytes) -> bytes:
        """Return this coordinator's signature of a document."""
        return sign(content, self.certificate, self.key)

    def exchange_document(self, person: str, public: bytes) -> bytes:
        """Return what the owner of an exchange key signs."""
        return _lines(_EXCHANGE, self.origin, person, public.hex())

    def seal_to(self, receiver: Published, secret: bytes) -> SealedKey:
        """Seal a label key to a coordinator, once the exchange key is verified.

        Raises:
            TamperedError: the exchange key does not verify.

        Secret: secret
        """
        self.verify_exchange(receiver)
        key_id, person = LabelKey(secret).id, person_of(receiver)
        info = self._info(person_of(self.me), person, key_id)
        sealed = seal(receiver.public_key, secret, info=info)
        return SealedKey(
            organisation=receiver.organisation,
            person=receiver.person,
            key_id=key_id,
            sealed=sealed,
            signature=self.signed(info + _lines(sealed.hex())),
        )

    def verify_exchange(self, published: Published) -> None:
        """See that an exchange key is the coordinator's whose it is said to be.

        Raises:
            TamperedError: it is not.
        """
        person = person_of(published)
        document = self.exchange_document(person, published.public_key)
        self._verify(document, published.certificate, published.signature, person)

    def open(self, letter: HandedKey, exchange: ExchangeKey) -> bytes:
        """Return the label key in a letter to this coordinator, 32 bytes.

        Raises:
            TamperedError: it is nobody's of ours, not for us, or altered.
        """
        sender = person_of(letter)
        info = self._info(sender, person_of(self.me), letter.key_id)
        document = info + _lines(letter.sealed.hex())
        self._verify(document, letter.certificate, letter.signature, sender)
        secret = exchange.open(letter.sealed, info=info)
        try:
            fits = LabelKey(secret).id == letter.key_id
        except ValueError as error:
            raise TamperedError from error
        if not fits:
            raise TamperedError
        return secret

    def _info(self, sender: str, receiver: str, key_id: bytes) -> bytes:
        return _lines(_LETTER, self.origin, sender, receiver, key_id.hex())

    def _verify(
        self, document: bytes, certificate: bytes, signature: bytes, person: str
    ) -> None:
        """Verify a signature, and whose it is."""
        signer = verify(document, certificate, signature)
        now = datetime.fromtimestamp(self.clock(), UTC)
        who = holder(signer)
        if (
            who is None
            or who.role != _ROLE
            or person_of(who) != person
            or not for_clients(signer)
            or not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
            or not any(signed_by(signer, each) for each in self.authorities)
        ):
            raise TamperedError


def _lines(*words: str) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()
