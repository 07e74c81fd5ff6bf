"""The wheel and the sdist, built from the working tree."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("campaigns", "apikeys", "analytics")


def build(kind: str, *, source: Path = ROOT, into: Path) -> Path:
    """``kind`` is "wheel" or "sdist"; its dependencies and the network are not needed."""
    command = (sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", into)
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built
