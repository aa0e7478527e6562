"""What follows from what one group means to another."""

import pytest
from kit.world import token

from placement.domain.relations import UNRELATED, Gives, Related, Relation
from placement.domain.terms import Verdict

CONFLICT, REVIEW = Verdict.CONFLICT, Verdict.REVIEW
LINK, OTHER = (token("link"),), (token("other"),)

WAYS = (
    "present",
    "occasional",
    "placed",
    "housed",
    "provided",
    "back_placed",
    "back_housed",
)


def given(relation: Relation) -> dict[str, list[Gives]]:
    """Return what follows, by the way in which a group is found."""
    found = {way: list(getattr(relation, way)) for way in WAYS}
    return {way: gives for way, gives in found.items() if gives}


def test_nothing_follows_from_nothing():
    """Two groups that are not related give nothing, however one is found."""
    assert given(UNRELATED) == {}


def test_own():
    """A group of own is danger where it is at home, and in the same house."""
    conflict, review = Gives("R1", CONFLICT, LINK), Gives("R1", REVIEW, LINK)
    near, same = Gives("R4", REVIEW, LINK), Gives("R4", CONFLICT, LINK)

    assert given(Relation(own=LINK)) == {
        "present": [conflict],
        "occasional": [review],
        "placed": [near],
        "housed": [same],
        "back_placed": [near],
        "back_housed": [same],
    }


def test_rivals():
    """A rival is danger wherever one meets them; a presence only at war."""
    review = [Gives("R2", REVIEW, LINK)]
    met = [Gives("R3", CONFLICT, LINK)]
    elsewhere = [Gives("R3", REVIEW, LINK)]
    expected = {
        "present": review,
        "occasional": review,
        "placed": met,
        "housed": met,
        "provided": elsewhere,
    }
    at_war = {**expected, "present": [Gives("R2", CONFLICT, OTHER)]}

    assert given(Relation(rival=LINK)) == expected
    assert given(Relation(rival=LINK, war=OTHER)) == at_war


def test_distant_rivals():
    """A distant rival gives REVIEW at most, though a war with one reaches near areas."""
    review = [Gives("R2", REVIEW, LINK)]
    met = [Gives("R3", CONFLICT, LINK, REVIEW)]
    elsewhere = [Gives("R3", REVIEW, LINK, REVIEW)]

    assert given(Relation(distant=LINK, distant_war=OTHER)) == {
        "present": [Gives("R2", CONFLICT, OTHER, REVIEW)],
        "occasional": review,
        "placed": met,
        "housed": met,
        "provided": elsewhere,
    }


@pytest.mark.parametrize(
    ("name", "rule", "symmetric"),
    [
        ("allied", "R7", False),
        ("own_allied", "R7", True),
        ("sister", "R8", False),
        ("split", "R8", True),
    ],
)
def test_inference_gives_review(name, rule, symmetric):
    """Whoever is found, and however; some of it holds for the person placed as well."""
    gives = [Gives(rule, REVIEW, LINK, REVIEW)]
    ways = ["present", "occasional", "placed", "housed"]
    ways += ["back_placed", "back_housed"] if symmetric else []

    assert given(Relation(**{name: LINK})) == dict.fromkeys(ways, gives)


def test_one_inference_is_enough():
    """What rests on the household's own counts once, by the first of two chains."""
    relation = Relation(allied=LINK, own_allied=OTHER, sister=LINK, split=OTHER)
    got = [gives.links for gives in relation.present]

    assert got == [LINK, LINK]


def test_what_reaches_into_near_areas():
    """Own, and wars; no other rivalry, and no inference."""
    loud = {"own", "war", "distant_war"}
    names = [*loud, "rival", "distant", "allied", "own_allied", "sister", "split"]
    related = Related({token(name): Relation(**{name: LINK}) for name in names})

    assert related.loud == {token(name) for name in loud}
