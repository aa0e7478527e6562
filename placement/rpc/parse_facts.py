"""From facts on the wire to drafts: which attributes each kind has, as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from placement.api.v1 import types_pb2 as wire
from placement.domain.changeover import Named
from placement.domain.decide.drafts import MAX_FACTS, AsBefore, Draft, Member
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.terms import (
    AffiliationRole,
    CaseHandle,
    FactId,
    PresenceKind,
    Reason,
    Scheme,
)
from placement.rpc import forms

NamedBy = Callable[[bytes, str], Named]
Statement = dict[str, Any]


def parse_facts(
    facts: Sequence[wire.Fact], fresh: Callable[[], bytes], named_by: NamedBy
) -> tuple[Draft, ...]:
    """Read facts to record.

    Args:
        facts: at most 500.
        fresh: draws an id.
        named_by: reads a pseudonym, naming the field if it is none.

    Raises:
        InvalidInputError: a field that does not hold.
    """
    forms.at_most(facts, MAX_FACTS, "facts")
    return tuple(
        parse_fact(fact, FactId(fresh()), named_by, f"facts[{index}]")
        for index, fact in enumerate(facts)
    )


class _Unsaid:
    """Reads pseudonyms where a person may also be left as before.

    Args:
        named_by: reads them.
    """

    def __init__(self, named_by: NamedBy) -> None:
        self._named_by = named_by

    def __call__(self, pseudonym: bytes, field: str) -> Named:
        """Return whom a pseudonym names."""
        return self._named_by(pseudonym, field)


def parse_replacement(
    fact: wire.Fact,
    replaced: FactId,
    fact_id: FactId,
    named_by: NamedBy,
    field: str,
) -> Draft:
    """Read what a fact is replaced by; a person that is not set stays who it is.

    Args:
        fact: what is stated.
        replaced: the fact that it is recorded instead of.
        fact_id: of the new fact.
        named_by: reads a pseudonym, naming the field if it is none.
        field: the name of ``fact`` on the wire.

    Raises:
        InvalidInputError: a field that does not hold.
    """
    draft = parse_fact(fact, fact_id, _Unsaid(named_by), field)
    return replace(draft, replaces=replaced)


def parse_fact(
    fact: wire.Fact, fact_id: FactId, named_by: NamedBy, field: str
) -> Draft:
    """Read one fact to record.

    Args:
        fact: what is stated.
        fact_id: its id to be.
        named_by: reads a pseudonym, naming the field if it is none.
        field: the name of ``fact`` on the wire.

    Raises:
        InvalidInputError: a field that does not hold.
    """
    name = forms.arm(fact, "statement", field)
    kind, state = _KINDS[name]
    return Draft(
        id=fact_id,
        kind=kind,
        name=name,
        valid_from=forms.optional_day(fact, "valid_from_day", field),
        valid_to=forms.optional_day(fact, "valid_to_day", field),
        scheme=forms.member(Scheme, fact.grade.scheme, f"{field}.grade.scheme"),
        given=fact.grade.given,
        review_by=forms.optional_day(fact, "review_by_day", field),
        reason=forms.member(Reason, fact.reason, f"{field}.reason"),
        statement=state(getattr(fact, name), named_by, f"{field}.{name}"),
    )


def _person(
    person: wire.Person, named_by: NamedBy, field: str
) -> Named | Member | AsBefore:
    if isinstance(named_by, _Unsaid) and not person.WhichOneof("person"):
        return AsBefore.PERSON
    if forms.arm(person, "person", field) == "pseudonym":
        return named_by(person.pseudonym, f"{field}.pseudonym")
    member = person.case_member
    handle = forms.token(member.case_handle, f"{field}.case_member.case_handle")
    return Member(case=CaseHandle(handle), position=member.position)


def _affiliation(said: wire.Affiliation, named_by: NamedBy, field: str) -> Statement:
    return {
        "subject": _person(said.person, named_by, f"{field}.person"),
        "group": forms.token(said.group, f"{field}.group"),
        "role": forms.member(AffiliationRole, said.role, f"{field}.role"),
        "left_on": forms.optional_day(said, "left_on_day", field),
    }


def _faction(said: wire.Faction, named_by: NamedBy, field: str) -> Statement:
    del named_by
    return {
        "child": forms.token(said.child, f"{field}.child"),
        "parent": forms.token(said.parent, f"{field}.parent"),
        "inherits_rivalry": not said.own_rivalries_only,
    }


def _pair(said: wire.Rivalry | wire.Alliance, field: str) -> Statement:
    return {
        "low": forms.token(said.group_a, f"{field}.group_a"),
        "high": forms.token(said.group_b, f"{field}.group_b"),
    }


def _rivalry(said: wire.Rivalry, named_by: NamedBy, field: str) -> Statement:
    del named_by
    return _pair(said, field) | {
        "severity": said.severity,
        "last_violence_on": forms.optional_day(said, "last_violence_on_day", field),
    }


def _alliance(said: wire.Alliance, named_by: NamedBy, field: str) -> Statement:
    del named_by
    return _pair(said, field)


def _presence(said: wire.Presence, named_by: NamedBy, field: str) -> Statement:
    del named_by
    return {
        "group": forms.token(said.group, f"{field}.group"),
        "area": forms.area(said.area, f"{field}.area"),
        "kind": forms.member(PresenceKind, said.kind, f"{field}.kind"),
    }


def _threat(said: wire.Threat, named_by: NamedBy, field: str) -> Statement:
    target = _person(said.target, named_by, f"{field}.target")
    statement: Statement = {"target": target, "severity": said.severity}
    if isinstance(named_by, _Unsaid) and not said.WhichOneof("source"):
        return statement | dict.fromkeys(
            ("source_group", "source_subject"), AsBefore.PERSON
        )
    if forms.arm(said, "source", field) == "group":
        return statement | {"source_group": forms.token(said.group, f"{field}.group")}
    source = _person(said.person, named_by, f"{field}.person")
    return statement | {"source_subject": source}


def _located(said: wire.Located, named_by: NamedBy, field: str) -> Statement:
    return {
        "subject": _person(said.person, named_by, f"{field}.person"),
        "area": forms.area(said.area, f"{field}.area"),
    }


def _tie(said: wire.Tie, named_by: NamedBy, field: str) -> Statement:
    return {
        "subject": _person(said.person, named_by, f"{field}.person"),
        "area": forms.area(said.area, f"{field}.area"),
        "danger": said.danger,
    }


def _same_as(said: wire.SameAs, named_by: NamedBy, field: str) -> Statement:
    return {
        "low": _person(said.person_a, named_by, f"{field}.person_a"),
        "high": _person(said.person_b, named_by, f"{field}.person_b"),
    }


_State = Callable[[Any, NamedBy, str], Statement]
_KINDS: Final[Mapping[str, tuple[type[AnyFact], _State]]] = {
    "affiliation": (Affiliation, _affiliation),
    "faction": (Faction, _faction),
    "rivalry": (Rivalry, _rivalry),
    "alliance": (Alliance, _alliance),
    "presence": (Presence, _presence),
    "threat": (Threat, _threat),
    "located": (Located, _located),
    "tie": (Tie, _tie),
    "same_as": (SameAs, _same_as),
}
