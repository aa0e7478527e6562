"""What comes after an answer that is not CLEAR."""

import pytest
from placement_client.commands.next_words import next_acts

from placement.api.v1.check_service_pb2 import CandidateVerdict
from placement.api.v1.types_pb2 import Verdict


def answered(word, hold=bytes(16)):
    return CandidateVerdict(verdict=Verdict.Value(f"VERDICT_{word}"), hold_id=hold)


@pytest.mark.parametrize(
    ("words", "begin"),
    [
        (["CLEAR"], []),
        (["CLEAR", "UNKNOWN"], ["After UNKNOWN: phone"]),
        (["REVIEW", "REVIEW"], ["After REVIEW: phone"]),
        (["CONFLICT"], ["After CONFLICT: ask about another place"]),
        (["CONFLICT", "REVIEW"], ["After REVIEW: phone", "After CONFLICT: ask about"]),
    ],
)
def test_each_word_has_its_next_act(words, begin):
    """Once, however many places got it; the table says the rest."""
    got = list(next_acts(map(answered, words)))

    assert len(got) == len(begin)
    assert all(said.startswith(start) for said, start in zip(got, begin, strict=True))


def test_what_is_held_needs_no_phone():
    """A release or an override covers it, and that is said elsewhere."""
    assert list(next_acts([answered("REVIEW", hold=b"\1" * 16)])) == []


@pytest.mark.parametrize("word", ["REVIEW", "CONFLICT"])
def test_no_word_proves_anything(word):
    """That is said with both, and in the same words."""
    (said,) = next_acts([answered(word)])

    assert said.endswith("It does not say that anybody is there.")
