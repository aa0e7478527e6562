"""Nothing begins twice: what bore an id first is not replaced."""

from dataclasses import replace

import pytest
from kit.commands import (
    attest,
    open_case,
    placement,
    record_facts,
    record_placements,
    register_facilities,
    register_groups,
    rivalry,
)
from kit.importing import begin
from kit.naming import merge_groups
from kit.ruled import propose
from kit.steps import propose_override
from kit.world import subject, token

from placement.domain.decide.beginning import refuse_known
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import CaseOpened, FactRecorded, Record
from placement.domain.extract_events import ExtractAgreed, ExtractGranted
from placement.errors import ConflictError

ID = token("id")


def fact(case, name):
    return record_facts(replace(rivalry("A", name), id=ID))


def house(case, name):
    area = {"B": "1480", "C": "2480"}[name]
    return register_facilities(("id", "firm", area), new=[0] if name == "B" else [])


def group(case, name):
    command = register_groups("id")
    (named,) = command.groups
    return replace(command, groups=(replace(named, fingerprint=subject(f"of {name}")),))


COMMANDS = {
    "case": lambda _, name: open_case(name, handle=ID),
    "fact": fact,
    "placement": lambda case, _: record_placements(placement(case, id=ID)),
    "permit": lambda case, _: propose_override(case, permit=ID),
    "change": lambda _, name: merge_groups("A", name, change=ID),
    "attestation": lambda *_: replace(attest(), attestation=ID),
    "facility": house,
    "group": group,
    "import": lambda *_: begin(import_id=ID),
    "ruleset": lambda *_: propose(ruleset=ID),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_an_id_that_is_known_begins_nothing(court, case, kind):
    """The second command is refused whole, and the state stays what it was."""
    court.reply(COMMANDS[kind](case, "B"))
    before = court.state.revision
    with pytest.raises(ConflictError):
        court.reply(COMMANDS[kind](case, "C"))

    assert court.state.revision == before


def test_a_case_keeps_its_members(court):
    """Whoever is placed can't be hidden by a case that has the same handle."""
    court.reply(open_case("h", handle=ID))
    with pytest.raises(ConflictError):
        court.reply(open_case("other", handle=ID))

    assert court.state.cases[ID].members == (subject("h"),)


def test_one_command_begins_nothing_twice(court, case):
    """Two placements with one id would be one."""
    stays = (placement(case, id=ID), placement(case, "1480", id=ID))
    with pytest.raises(ConflictError):
        court.reply(record_placements(*stays))

    assert ID not in court.state.placements


def test_what_was_erased_does_not_begin_again(court, case):
    """Its key is destroyed: what is sealed under its id is gone at once."""
    known = court.state.cases[case]
    court.reply(record_facts(rivalry()))
    (stored,) = court.state.facts.values()
    erased = DossiersErased(dossiers=(token("case"), token("fact")))
    court.state.apply(Record(at=court.moment.now, event=erased))

    for event in (
        CaseOpened(case=replace(known, handle=token("case"))),
        FactRecorded(fact=replace(stored, id=token("fact"))),
    ):
        with pytest.raises(ConflictError):
            refuse_known(court.state, [event])


def test_a_change_that_granted_an_extract_is_known(court):
    """Although it waits no longer."""
    court.reply(merge_groups(change=ID))
    change = court.state.changes.pop(ID)
    agreed = ExtractAgreed(id=ID, named=b"", cases=(), ground="", reference="")
    granted = ExtractGranted(
        agreed=agreed,
        region="syd",
        proposer="co-01",
        approver="co-02",
        organisation="syd",
        released=(),
        withheld=(),
        parts=(),
        expires_at=court.moment.now,
    )
    court.state.apply(Record(at=court.moment.now, event=granted))

    with pytest.raises(ConflictError):
        refuse_known(court.state, [change])
