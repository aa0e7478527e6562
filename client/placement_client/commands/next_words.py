"""What a caseworker does after an answer that is not CLEAR, step by step.

It rests on the word alone, and says nothing of why.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from placement.api.v1.check_service_pb2 import CandidateVerdict
from placement.api.v1.types_pb2 import Verdict
from placement_client.verdicts import is_held

_NEXT: Final[Mapping[int, str]] = MappingProxyType(
    {
        Verdict.VERDICT_UNKNOWN: (
            "After UNKNOWN: phone, and say the case and the decision. The coordinator "
            "assesses the case, or finds out more of the area; then ask again. It does "
            "not say that nobody is there."
        ),
        Verdict.VERDICT_REVIEW: (
            "After REVIEW: phone, and say the case and the decision. If the coordinator "
            "releases the place, or lifts what stands in its way, ask again with --hold. "
            "It does not say that anybody is there."
        ),
        Verdict.VERDICT_CONFLICT: (
            "After CONFLICT: ask about another place. Only if there is none, and staying "
            "is worse: placement override propose. It does not say that anybody is there."
        ),
    }
)


def next_acts(verdicts: Iterable[CandidateVerdict]) -> Iterator[str]:
    """Yield a sentence for each kind of answer of which nothing is held."""
    given = {each.verdict for each in verdicts if not is_held(each)}
    yield from (said for verdict, said in _NEXT.items() if verdict in given)
