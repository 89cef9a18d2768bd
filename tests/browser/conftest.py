"""Let these tests use the stand-in of the tests above them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
