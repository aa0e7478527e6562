"""The front door: ``python server.py serve`` is ``placement-server serve``."""

import sys

from placement.ops.main import main

if __name__ == "__main__":
    sys.exit(main())
