"""What happens to groups, their names, and the key under which names are sealed."""

from dataclasses import dataclass

from placement.domain.facts import Group
from placement.domain.terms import GroupToken


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsMerged:
    """Two tokens turned out to be one group; ``low`` < ``high``.

    Attributes:
        low: the lower token.
        high: the higher token.
        region: whose coordinators said so, and may undo it.
    """

    low: GroupToken
    high: GroupToken
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsUnmerged:
    """A region no longer says that two tokens are one group; ``low`` < ``high``.

    Attributes:
        low: the lower token.
        high: the higher token.
        region: whose merge is undone; empty before each region had its own.
    """

    low: GroupToken
    high: GroupToken
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRegistered:
    """A group got its token."""

    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNamed:
    """A group got a further name."""

    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeKeyPublished:
    """A coordinator published a key to which others seal the label key.

    Attributes:
        organisation: the coordinator's.
        person: the coordinator's id.
        public_key: 32 bytes.
        certificate: PEM.
        signature: over the key, by the certificate's key.
    """

    organisation: str
    person: str
    public_key: bytes
    certificate: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeKeyWithdrawn:
    """A coordinator gets no label key any more."""

    organisation: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelKeyHandedOver:
    """A label key lies ready for a coordinator, sealed.

    Attributes:
        organisation: the receiver's.
        person: the receiver's id.
        from_organisation: the sender's.
        from_person: the sender's id.
        certificate: the sender's, PEM.
        key: which label key, 16 bytes.
        sealed: the key, sealed to the receiver's exchange key.
        signature: the sender's, over all of this.
    """

    organisation: str
    person: str
    from_organisation: str
    from_person: str
    certificate: bytes
    key: bytes
    sealed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationBegun:
    """The label key is being replaced by another.

    Attributes:
        from_key: the one in force; empty if none was ever named.
        to_key: the next one.
        organisation: of whoever began.
        person: who began.
    """

    from_key: bytes
    to_key: bytes
    organisation: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRenewed:
    """A name stands under the next label key, too.

    Attributes:
        renews: its fingerprint under the key in force.
        group: the group, with the name under the next key.
    """

    renews: bytes
    group: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationEnded:
    """The next label key is in force, or was given up."""

    done: bool


MergeEvent = GroupsMerged | GroupsUnmerged
NameEvent = (
    GroupRegistered
    | GroupNamed
    | ExchangeKeyPublished
    | ExchangeKeyWithdrawn
    | LabelKeyHandedOver
    | RotationBegun
    | LabelRenewed
    | RotationEnded
)
GroupEvent = MergeEvent | NameEvent
