"""What several commands of a municipality say beside a refusal."""

from typing import Final

NO_CASEWORKER: Final = "Caseworkers of the municipality do this."
PERHAPS_DONE: Final = (
    "What you asked for may be done all the same: `placement case show` tells what is "
    "held and placed."
)
NOT_YOURS: Final = (
    "No case of your municipality has a hold or placement with this id; "
    "`placement case show` lists those of a case."
)
CLOSED: Final = (
    "Its holds are given up, and nothing of it can be confirmed or moved any more. Who "
    "is placed stays so until it is ended (`placement placement end`)."
)
