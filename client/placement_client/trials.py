"""What only a call can tell: the custodian's key, and whether the labels open."""

from collections.abc import Iterator, Sequence
from typing import Final

from placement.errors import BudgetError, PlacementError, TamperedError
from placement_client.calls import Patience
from placement_client.credentials import Holder
from placement_client.custodian import AwayError, Custodian, NotHeldError
from placement_client.findings import Finding, bad, doubtful, good
from placement_client.label_book import LabelBook
from placement_client.label_files import LabelFiles
from placement_client.labels import LabelKey
from placement_client.log_trials import try_log
from placement_client.profile import Profile
from placement_client.reach import hindrance
from placement_client.session import Session
from placement_client.trust import LogView

_NAMING: Final = frozenset({"caseworker", "coordinator"})
"""Who names persons."""
_PINNED: Final = "pinned key"
_ALL_OPEN: Final = "The label key opens the labels of all groups."


def try_calls(
    profile: Profile, who: Holder, view: LogView | None = None
) -> Iterator[Finding]:
    """Make the calls that show whether keys fit, as far as a role may make them."""
    with Session.open(profile, patience=Patience(pauses=())) as session:
        if who.role in _NAMING and profile.custodian_key:
            for each in session.custodians.members:
                yield _custodian(profile, each)
            for each in session.custodians.next_members:
                yield _custodian(profile, each, "key that follows")
        if view is not None and who.role != "operator":
            yield from try_log(session.logs, view)
        keys = _label_keys(profile) if who.role == "coordinator" else ()
        if keys:
            yield _labels(session, keys)


def _custodian(profile: Profile, custodian: Custodian, key: str = _PINNED) -> Finding:
    step, who = key, "The custodian"
    if custodian.pin.address:
        step, who = f"custodian {custodian.pin.address}", "This custodian"
        step += "" if key == _PINNED else f", {key}"
    try:
        custodian.prove(Patience(pauses=()))
    except TamperedError:
        return bad(
            step,
            f"{who} does not prove that it holds the {key}: name nobody, "
            "and ask the operator which key is right.",
        )
    except BudgetError:
        sentence = f"Your evaluations are spent, so the {key} was not tried."
        return doubtful(step, sentence)
    except NotHeldError:
        return doubtful(
            step,
            f"{who} does not have the {key}: not yet, or no more. Once the operator says "
            "that the next one is in force, run placement context settle.",
        )
    except AwayError:
        why = hindrance(profile, custodian.pin.address) or "Ask its operator."
        return bad(step, f"{who} does not answer, so nobody can be named. {why}")
    except PlacementError as error:
        return bad(step, f"{who} was asked in vain. {error.text}")
    return good(
        step,
        f"{who} holds the {key}; to see that, one evaluation was spent.",
    )


def _label_keys(profile: Profile) -> Sequence[LabelKey]:
    """Return the label keys if they can be used; the step on the file says if not."""
    if not profile.label_key:
        return ()
    try:
        return LabelFiles.of(profile).read()
    except PlacementError:
        return ()


def _labels(session: Session, keys: Sequence[LabelKey]) -> Finding:
    try:
        book = LabelBook(keys, session.registry.list_groups())
    except PlacementError as error:
        return bad("labels", f"The groups can't be listed. {error.text}")
    opened = len(list(book))
    if not book.unopened:
        return good("labels", _ALL_OPEN if opened else "No group is registered yet.")
    sentence = f"The label key opens {opened} of {opened + book.unopened} labels"
    if not opened:
        sentence += ": get the one in force by placement label-key fetch."
        return bad("labels", sentence)
    sentence += "; the others stand under another key: run placement label-key fetch."
    return doubtful("labels", sentence)
