"""See fixtures.py, which tests/pages uses, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fixtures import *  # noqa: E402, F403
