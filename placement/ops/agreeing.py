"""Which of its two keys a custodian apart may destroy: two officers say it together.

It sees no registry, and so no log that says which of them is in force. Destroy the wrong
one, and nobody on record is recognised any more. Officers learn it from the national
unit, and sign a statement of exactly these two keys::

    placement: destroy a key of the pseudonyms, since the other one is in force
    <origin of the custodian's log>
    in force <public key, 66 hex digits>
    destroyed <public key, 66 hex digits>
    asked for <time, UTC>
    <reason>

It holds for a day: a changeover that was given up may begin again with the same keys.
"""

from pathlib import Path
from typing import Final, NamedTuple

from placement.access import Action
from placement.config import Settings
from placement.crypto.custody import Custody
from placement.domain.changeover_events import CustodianNamed
from placement.errors import TamperedError
from placement.ops.officers import (
    Act,
    asked_now,
    officers_of,
    read_signed,
    require_holds,
    require_reason,
    write_act,
)
from placement.service.custodian import Custodian, next_path
from placement.store.log import Store

TITLE: Final = (
    "placement: destroy a key of the pseudonyms, since the other one is in force"
)
_ASKED: Final = "asked for "


class Keys(NamedTuple):
    """A custodian's two keys, as they lie there."""

    here: Custodian
    following: Custodian

    @classmethod
    def of(cls, path: Path, custody: Custody) -> "Keys":
        """Open both.

        Raises:
            TamperedError: another custody wrapped one, or it was altered.
            UnavailableError: there are not two, or one can't be read.
        """
        beside = next_path(path)
        return cls(Custodian.open(path, custody), Custodian.open(beside, custody))


def statement(settings: Settings, keys: Keys, in_force: str, reason: str) -> str:
    """Draw the statement that one of two keys is in force and the other may go.

    Args:
        settings: name the log.
        keys: both.
        in_force: the public key of the one, in hex.
        reason: why, in a line.

    Raises:
        ValueError: it is neither, or the reason is none.
    """
    here, following = (key.public_key.hex() for key in keys)
    if in_force not in {here, following}:
        raise ValueError(
            f"--in-force must be one of this custodian's two public keys, {here} or"
            f" {following}"
        )
    going = here if in_force == following else following
    return _drawn(settings, in_force, going, asked_now(), reason)


def accept(
    settings: Settings, store: Store, keys: Keys, path: Path, *, following: bool
) -> None:
    """Write the entry that two officers have a key destroyed; nothing is, yet.

    If it is the key that follows that is in force, the custodian's own log goes on under
    it from here.

    Args:
        settings: name the log and the officers.
        store: with the log.
        keys: both.
        path: of the statement.
        following: whether the key that follows has to be the one in force.

    Raises:
        OSError: the statement can't be read.
        TamperedError: it is of other keys, too old, or was altered.
        UnavailableError: two officers have not signed it; or the database does not
            answer.
        ValueError: it is none, or an officer's key in the settings is none.
    """
    signed = read_signed(path)
    names = officers_of(settings, signed)
    lines = signed.text.removesuffix("\n").split("\n")
    stays, goes = keys[::-1] if following else keys
    asked, reason = ("", *lines)[-2].removeprefix(_ASKED), lines[-1]
    of = (stays.public_key.hex(), goes.public_key.hex(), asked, reason)
    if signed.text != _drawn(settings, *of):
        raise TamperedError().because(
            "The statement is of other keys, or of another log."
        )
    require_holds(asked, "The statement was asked for more than a day ago.")
    event = CustodianNamed(key_id=stays.log_id) if following else None
    write_act(store, Act(Action.KEY_DESTROY, signed, names, reason), event=event)


def _drawn(settings: Settings, stays: str, goes: str, asked: str, reason: str) -> str:
    require_reason(reason)
    keys = f"in force {stays}\ndestroyed {goes}"
    return f"{TITLE}\n{settings.log_name}\n{keys}\n{_ASKED}{asked}\n{reason}\n"
