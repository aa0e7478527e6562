"""What a verdict rests on, for coordinators: a sentence for each link, and objects.

A link is a fact of the own region, with groups named as far as this machine can; or it
says that something exists and whom to phone; or it is somebody's placement, as a handle.
Who the persons are never stands there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from rich.text import Text

from placement.api.v1.alert_service_pb2 import Finding, FindingLink
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.registry_service_pb2 import ExplainPlacementResponse
from placement.api.v1.types_pb2 import Verdict, Window
from placement_client.areas import areas
from placement_client.commands.report import Exit, plain
from placement_client.commands.verb import Run
from placement_client.days import iso_day
from placement_client.rendering import Json, enum_name, said, to_json

Names: TypeAlias = Mapping[bytes, str]
"""Names of groups by token."""

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R1": "a group that counts as the household's own is there",
        "R2": "a rival group is there",
        "R3": "somebody of a rival group, or whom nobody has assessed, is placed there",
        "R4": "somebody of a group that counts as the household's own is placed there",
        "R5": "a threat would bring two persons together there",
        "R6": "the place is a tie of somebody in the household",
        "R7": "an ally of a rival or of an own group, or a rival of an ally, is there",
        "R8": "a sister faction, or the other side of a split, is there",
        "R10": "the picture of the area, or of one near it, is not fresh",
        "STOP": "the house's provider is stopped",
    }
)
"""What each rule says, as the end of a sentence; R9 weakens another one."""

STYLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: "green",
        Verdict.VERDICT_UNKNOWN: "yellow",
        Verdict.VERDICT_REVIEW: "bold yellow",
        Verdict.VERDICT_CONFLICT: "bold red",
    }
)
"""How a verdict is coloured."""

_CODES: Final[Mapping[int, Exit]] = MappingProxyType(
    {
        Verdict.VERDICT_CLEAR: Exit.CLEAR,
        Verdict.VERDICT_UNKNOWN: Exit.REVIEW,
        Verdict.VERDICT_REVIEW: Exit.REVIEW,
        Verdict.VERDICT_CONFLICT: Exit.CONFLICT,
    }
)
_NEAR: Final = "R9/"
_NATIONAL: Final = "national"


def known_names(run: Run) -> Names:
    """Return the groups' names by token, as far as this machine knows them."""
    if not run.profile().label_key:
        return {}
    return run.label_book().names


def verdict_word(number: int) -> str:
    """Return the word of a verdict; ``-`` where there is none."""
    return enum_name(Verdict.DESCRIPTOR, number) if number else "-"


def verdict_text(number: int) -> Text:
    """Return the word of a verdict in its colour."""
    return Text(plain(verdict_word(number)), STYLES.get(number, ""))


def verdict_code(number: int) -> Exit:
    """Return the exit code of a verdict; of one that is not known, the worst."""
    return _CODES.get(number, Exit.CONFLICT)


# Sentences


def sentences(findings: Sequence[Finding], names: Names) -> Iterator[str]:
    """Yield findings in words: one line each, and below it one for each link."""
    if not findings:
        yield "There are no findings."
    for finding in findings:
        by = f" by {finding.rule}" if finding.rule else ""
        yield f"{verdict_word(finding.verdict)}{by}: {_rule(finding.rule)}."
        for link in finding.links:
            yield f"  - {_link_sentence(link, names)}"


def _rule(rule: str) -> str:
    """Return what a rule says; of one that is not told or known, what there is."""
    if not rule:
        return "it rests, wholly or in part, on what another region owns"
    says = RULES.get(rule.removeprefix(_NEAR), "see the rules")
    return f"near it, {says}" if rule.startswith(_NEAR) else says


def _link_sentence(link: FindingLink, names: Names) -> str:
    match link.WhichOneof("link"):
        case "fact":
            fact = said(link.fact.fact, names)
            return f"{fact_words(fact)} (fact {link.fact.fact_id.hex()})."
        case "hidden":
            hidden = link.hidden
            return f"Something exists {_where(hidden.region)}: phone {hidden.contact}."
        case "placement":
            other = link.placement
            case = (
                f"Another household is held or placed: case {other.case_handle.hex()}"
            )
            return f"{case}, {_where(other.region)}: phone {other.contact}."
        case _:
            return "Something that this version does not know."


def _where(region: str) -> str:
    national = region == _NATIONAL
    return "at the national unit" if national else f"in region {region}"


def fact_words(fact: Json) -> str:
    """Say a fact: its kind, what it says, its days, its grade.

    Args:
        fact: from ``rendering.said``.
    """
    days = [f"{word} {fact[word]}" for word in ("since", "until") if fact[word]]
    parts = [statement_words(fact), *days, f"grade {fact['grade']}"]
    kind = str(fact["kind"]).replace("_", "-").capitalize()
    return f"{kind}: {', '.join(filter(None, parts))}"


def statement_words(fact: Json) -> str:
    """Say what a fact states."""
    statement = fact["statement"]
    return said_words(statement) if isinstance(statement, Mapping) else ""


def said_words(statement: Mapping[str, object]) -> str:
    """Say what is known of a statement, under the names of the wire, as words.

    Example:
        >>> said_words({"group": "Zeta", "left_on_day": None, "danger": True})
        'group Zeta, danger'
    """
    words = (_said(name, value) for name, value in statement.items())
    return ", ".join(filter(None, words))


def _said(name: str, value: object) -> str:
    word = name.removesuffix("_day").replace("_", " ")
    if value is None:
        return ""
    if isinstance(value, bool):
        return word if value else f"no {word}"
    return f"{word} {value}"


# Places and days


def place_words(place: Candidate, window: Window) -> str:
    """Say a place and its days."""
    named = f"{place.area} {areas().name(place.area)}"
    house = f", facility {place.facility.hex()}" if place.facility else ""
    days = days_words(window)
    return f"{named}{house}, {days if is_no_day(window) else f'from {days}'}"


def is_no_day(window: Window) -> bool:
    """Tell whether a window has no day: the first after it is its first."""
    return window.HasField("end_day") and window.end_day <= window.start_day


def days_words(window: Window) -> str:
    """Say days: the first, and the first after them if there is one."""
    start = iso_day(window.start_day)
    if not window.HasField("end_day"):
        return f"{start} on"
    if is_no_day(window):
        return f"no day (of {start})"
    return f"{start} to {iso_day(window.end_day)}"


def place_data(place: Candidate, window: Window) -> dict[str, object]:
    """Return a place and its days as keys of an object."""
    end = iso_day(window.end_day) if window.HasField("end_day") else None
    return {
        "area": place.area,
        "name": areas().name(place.area),
        "facility": place.facility.hex(),
        "from": iso_day(window.start_day),
        "to": end,
    }


# Objects


def findings_data(findings: Iterable[Finding], names: Names) -> list[Json]:
    """Return findings as objects, with the sentence of the rule."""
    return [
        {
            "rule": finding.rule,
            "verdict": enum_name(Verdict.DESCRIPTOR, finding.verdict),
            "says": _rule(finding.rule),
            "links": [_link_data(each, names) for each in finding.links],
        }
        for finding in findings
    ]


def _link_data(link: FindingLink, names: Names) -> Json:
    kind = link.WhichOneof("link")
    match kind:
        case "fact":
            fact = link.fact
            return {
                "link": kind,
                "fact_id": fact.fact_id.hex(),
                **said(fact.fact, names),
            }
        case "hidden" | "placement":
            return {"link": kind, **to_json(getattr(link, kind))}
        case _:
            return {"link": "unknown"}


def real_words(answer: ExplainPlacementResponse) -> list[str]:
    """Say what is real, where the answer is worse than that."""
    if answer.real_verdict in (0, answer.verdict):
        return []
    said = (
        "Phantom stays alone make it so: by what is real it is "
        f"{verdict_word(answer.real_verdict)}."
    )
    lift = "They can be lifted for this case in this area: placement phantom lift."
    return [said, lift]
