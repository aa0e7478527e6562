"""What somebody may have meant."""

from placement_client.nearness import nearest

WORDS = ["northside", "northsida", "northgate", "northend", "southside"]


def test_words_that_hold_the_text_come_first():
    """A part of a name finds the name, three at most, in order."""
    assert nearest("north", WORDS) == ["northend", "northgate", "northsida"]
    assert nearest("gate", WORDS) == ["northgate"]


def test_a_slip_is_forgiven():
    """A letter more or less, the likest first."""
    assert nearest("nortside", WORDS)[0] == "northside"


def test_nothing_is_near_nothing():
    """An empty text is in every word and finds none."""
    assert nearest("", WORDS) == []
    assert nearest("quite different", WORDS) == []
