"""An extract for the person it is about: plain sentences, in Markdown.

Every extract has the same parts in the same order, and what stands before the first of
them does not depend on anything that is kept or withheld: who holds the paper of a
person on whom nothing is kept holds the same paper.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from placement_client.commands.extract_data import WITHHELD

_CONSTANT: Final = """\
Keep this paper where nobody finds it. It may say where you live.

## What this is

This is what the service for safe placements keeps about you and tells you. You have a
right to ask for it, once and again.

- It is kept so that nobody is placed where that is a danger. Your municipality is told
  whether a place is safe, and never why; the police see what they have recorded; those
  who audit see who looked. People decide where you are placed, never a machine.
- It is kept as long as it may protect somebody, and then for a time that is set for
  each kind of it; then it is erased.
- {withheld}
- That nothing is told under a heading does not mean that nothing is kept: that sentence
  stands in every extract, too.
- Nothing here is about anybody else: not who threatens you, not who is in your
  household, not who told the police.
- It tells what one police region keeps, and the municipalities in it. Others may keep
  something, or nothing; each region answers for itself, and the national unit for all.
  The police tell you whom to ask. Your municipality answers for its own file on you.
- What was erased can't be read any more, and nobody can tell whose it was. If you gave
  the handle of a case, you are told whether that case was erased.
- If something is wrong, you may ask that it is corrected, erased, or not used until
  that is clear: ask the police, under the number above.
- If you are not content with this answer, you may complain to the supervisory
  authority, Integritetsskyddsmyndigheten (imy.se). It can also look for you whether
  what the police keep is kept lawfully, even where you may not be told what that is.
"""
_TITLE: Final = "# What is kept about you"
_NOTHING: Final = "Nothing is told here."
_GROUNDS: Final[Mapping[str, str]] = {
    "OWN_REQUEST": "you asked for it",
    "SUPERVISORY_AUTHORITY": "the supervisory authority asked for it",
    "COURT": "a court asked for it",
}
_STATES: Final[Mapping[str, str]] = {
    "HELD": "the place was held for you",
    "ACTIVE": "you are placed there",
    "ENDED": "the placement is over",
    "ABORTED": "it came to nothing",
}
_ACTIONS: Final[Mapping[str, str]] = {
    "CASE_OPEN": "opened your case",
    "CASE_SHOW": "looked at your case",
    "CASE_CLOSE": "closed your case",
    "CASE_ASSESS": "assessed your case",
    "CHECK": "asked whether a place is safe for you",
    "HOLD_CONFIRM": "confirmed a place",
    "HOLD_EXTEND": "held a place for longer",
    "HOLD_RELEASE": "gave a place up",
    "PLACEMENT_MOVE_IN": "said that you moved in",
    "PLACEMENT_MOVE": "moved you to another place",
    "PLACEMENT_MOVE_OUT": "said that you moved out",
    "PLACEMENT_ABORT": "said that you will not move in",
    "OVERRIDE_PROPOSE": "asked to place you despite an answer",
    "OVERRIDE_SIGN": "signed that you are placed despite an answer",
    "PLACE_EXPLAIN": "looked at why a place is safe or not",
    "PLACE_RELEASE": "released a place for you",
    "EXTRACT_PROPOSE": "asked for an extract about you",
    "EXTRACT_SHOW": "looked at what an extract could tell you",
    "EXTRACT_APPROVE": "approved an extract about you",
    "EXTRACT_READ": "read an extract about you",
}
_MARKS: Final = re.compile(r"([\\`*_\[\]#!|<>~])")


def document(data: Mapping[str, Any]) -> str:
    """Write an extract as Markdown.

    Args:
        data: from ``extract_data``.
    """
    ground = _GROUNDS.get(data["ground"], "of another reason")
    made = (
        f"Number of the request: {_plain(data['reference'])}. Made {data['on']}, because "
        f"{ground}, by the police: {_region(data)}."
    )
    begin = (_TITLE, made, _CONSTANT.format(withheld=WITHHELD).rstrip())
    parts = (
        _part("What is recorded about you", map(_fact, data["facts"])),
        _part("Your cases", map(_case, data["cases"])),
        _part("Where you were placed", _stays(data["cases"])),
        _part("Who did something with it", map(_entry, data["entries"])),
        _part("Cases that were erased", map(_erased, data["erased_cases"])),
    )
    return "\n\n".join((*begin, *parts)) + "\n"


def _part(heading: str, lines: Iterable[str]) -> str:
    listed = "\n".join(f"- {each}" for each in lines)
    return f"## {heading}\n\n{listed or _NOTHING}"


def _region(data: Mapping[str, Any]) -> str:
    national = data["region"] == "national"
    return "the national unit" if national else f"region {data['region']}"


def _fact(fact: Mapping[str, Any]) -> str:
    days = [f"{word} {fact[word]}" for word in ("since", "until") if fact[word]]
    told = ", ".join([_statement(fact), *days])
    ended = " It has been taken back, and counts no more." if fact["retracted"] else ""
    return f"{told}. Recorded {fact['recorded_on']}.{ended}"


def _statement(fact: Mapping[str, Any]) -> str:
    match fact["kind"]:
        case "affiliation":
            group = fact["group"]
            which = "a group" if group is None else f"the group {_plain(group)}"
            left = f"; you left it {fact['left_on']}" if fact["left_on"] else ""
            role = fact["role"].lower()
            return f"That you belong, or belonged, to {which} (as {role}){left}"
        case "tie":
            where = _where(fact)
            if fact["danger"]:
                return f"That {where} is a danger to you"
            return f"That {where} matters for where you can be placed"
        case "threat":
            return f"That you are threatened (severity {fact['severity']} of 3)"
        case "same_as":
            return "That you have another number, too"
        case _:
            return "Something that this version does not know"


def _case(case: Mapping[str, Any]) -> str:
    whose = "yours" if case["is_first"] else "of a household that you are in"
    where = f"{_plain(case['municipality_name'])} ({case['municipality']})"
    number = f"number {_plain(case['reference'])} of {where}"
    told = [f"Case {case['case_handle']}", whose, number, f"opened {case['opened_on']}"]
    told += [
        f"{word} {case[name]}"
        for word, name in (("assessed", "assessed_on"), ("closed", "closed_on"))
        if case[name]
    ]
    return f"{', '.join(told)}."


def _stays(cases: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for case in cases:
        for stay in case["stays"]:
            until = f" until {stay['until']}" if stay["until"] else ""
            house = ", in a registered house" if stay["in_facility"] else ""
            moved = f"; moved in {stay['moved_in']}" if stay["moved_in"] else ""
            state = _STATES.get(stay["state"], stay["state"].lower())
            yield f"{_where(stay)}{house}, from {stay['since']}{until}: {state}{moved}."


def _entry(entry: Mapping[str, Any]) -> str:
    code = entry["action"]
    did = _ACTIONS.get(code, f"did this: {_plain(code.lower().replace('_', ' '))}")
    who = f"a {_plain(entry['role'])} of {_plain(_organisation(entry))}"
    why = f" ({_why(entry['purpose'])})" if entry["purpose"] else ""
    refused = "" if entry["answered"] else "; it was refused"
    answers = ", ".join(
        f"{_where(each)} {each['verdict']}" for each in entry["answers"]
    )
    told = f"; answered: {answers}" if answers else ""
    return f"{entry['on']}: {who} {did}{why}{refused}{told}."


def _why(purpose: str) -> str:
    return _GROUNDS.get(purpose) or _plain(purpose.lower().replace("_", " "))


def _organisation(entry: Mapping[str, Any]) -> str:
    name: str = entry["organisation"]
    return f"municipality {name}" if entry["role"] == "caseworker" else name


def _erased(handle: str) -> str:
    return f"Case {handle} was erased. Whose it was can't be told any more."


def _where(place: Mapping[str, Any]) -> str:
    return f"{_plain(place['area_name'])} ({place['area']})"


def _plain(text: str) -> str:
    """Return a text in which nothing is a mark of Markdown, or steers a terminal."""
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return _MARKS.sub(r"\\\1", shown)
