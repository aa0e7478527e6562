"""A verdict and what is held, for caseworkers: what they must do, and what comes next.

No reason is ever given, and no sentence depends on one.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from placement.api.v1.check_service_pb2 import CandidateVerdict
from placement.api.v1.types_pb2 import Verdict
from placement_client.commands.finding_words import verdict_word
from placement_client.days import iso_instant, stockholm_time
from placement_client.rendering import to_json
from placement_client.verdicts import is_held

MUST: Final[Mapping[int, str]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: "may place; ask again before moving in",
        Verdict.VERDICT_UNKNOWN: "contact the coordinator",
        Verdict.VERDICT_REVIEW: "contact the coordinator before any decision",
        Verdict.VERDICT_CONFLICT: "do not place here; choose another place",
    }
)
"""What the caseworker must do (rules.md)."""
PERMITTED: Final = (
    "under a release or an override: go on as agreed with the coordinator"
)
"""What the caseworker does where a place was had although it is not CLEAR."""
NO_REASON: Final = "No reason is ever given."
ONLY_CLEAR: Final = (
    "Only CLEAR may be relied on, and only until the time that stands beside it."
)
"""Said where such a time stands."""

_LAPSES: Final = (
    "When the hold lapses nobody is told: the place is kept for the case no longer, and "
    "you have to ask anew."
)
_NOT_HELD: Final = "Nothing is held."
_NO_LONGER_HELD: Final = (
    "Nothing is held: the hold that this request made stands no longer. Ask anew."
)


def is_clear(verdict: CandidateVerdict) -> bool:
    """Tell whether a verdict may be relied on."""
    return verdict.verdict == Verdict.VERDICT_CLEAR


def valid_until(verdict: CandidateVerdict) -> str:
    """Return until when a CLEAR may be relied on; nothing else may."""
    return stockholm_time(verdict.valid_until) if is_clear(verdict) else "-"


def must(verdict: CandidateVerdict, *, permitted: bool) -> str:
    """Return what the caseworker must do.

    Args:
        verdict: as answered; a permit does not alter it.
        permitted: what was asked for was done, whatever the verdict.
    """
    covers = permitted and not is_clear(verdict)
    return PERMITTED if covers else MUST[verdict.verdict]


def until_data(verdict: CandidateVerdict) -> str | None:
    """Return until when a CLEAR may be relied on, for programs; nothing else may."""
    return iso_instant(verdict.valid_until) if is_clear(verdict) else None


def covered(verdict: CandidateVerdict) -> str:
    """Say what covers a place that is held or placed and not CLEAR."""
    word = verdict_word(verdict.verdict)
    return (
        f"The verdict is {word}, so only a release or a signed override can cover the "
        "place. Phone if you know of none."
    )


def hold_lines(
    verdict: CandidateVerdict, decided_at: int, onward: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what became of the wish to hold a place, and what comes next.

    Args:
        verdict: with the hold, if there is one.
        decided_at: when it was answered.
        onward: ids of placements that the household would leave for the place.
    """
    if not is_held(verdict):
        yield _NO_LONGER_HELD if is_clear(verdict) else _NOT_HELD
        return
    hold = verdict.hold_id.hex()
    if verdict.hold_expires_at > decided_at:
        until = stockholm_time(verdict.hold_expires_at)
        yield f"Held for the case until {until}: hold {hold}."
        yield _LAPSES
        yield f"Next, before then: {next_step(hold, onward)}"
    else:
        yield f"Held by this request before, and confirmed since: placement {hold}."
    if not is_clear(verdict):
        yield covered(verdict)


def next_step(hold: str, onward: Sequence[str]) -> str:
    """Return the command that makes a hold a placement.

    Args:
        hold: its id.
        onward: ids of placements that the household would leave for it.
    """
    if not onward:
        return f"placement hold confirm {hold}"
    return f"placement placement move {onward[0]} --to {hold}"


def verdict_data(verdict: CandidateVerdict, decided_at: int) -> dict[str, object]:
    """Return a verdict as keys of an object; without a hold its id is empty."""
    held = is_held(verdict)
    lapses = held and verdict.hold_expires_at > decided_at
    return {
        **to_json(verdict),
        "hold_id": verdict.hold_id.hex() if held else "",
        "hold_expires_at": iso_instant(verdict.hold_expires_at) if lapses else None,
        "valid_until": until_data(verdict),
        "must": must(verdict, permitted=held),
    }
