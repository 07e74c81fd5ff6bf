"""A wheel installed in a fresh environment, where "Start" of docs/operations.md is followed."""

from pathlib import Path

from tests.distributions import ROOT
from tests.documents import blocks, steps
from tests.freshsite import Answer, Browser, FreshEnvironment, free_port

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
OF_THE_TESTS = ("SECRET_KEY", "SECURE_SSL_REDIRECT") + tuple(
    f"THROTTLE_{each}" for each in ("KEY", "BYTES", "ADDRESS", "EVENTS")
)
BALANCER = {"Host": "mail.example.com"}
TLS = {**BALANCER, "X-Forwarded-Proto": "https"}


def follow_start(folder: Path, wheel: Path, *, database_url: str) -> dict[str, Answer]:
    """What the site answers at some of its paths once it is started."""
    fresh = FreshEnvironment(folder)
    for name in OF_THE_TESTS:
        fresh.environment.pop(name, None)
    fresh.environment |= {"DATABASE_URL": database_url, "TRUST_X_FORWARDED_PROTO": "1"}
    # So that the document's own command finds it there and adds what it needs.
    fresh.run(f"python -m pip install --quiet --no-deps {wheel}")
    *before, serve = steps(blocks(DOCUMENT)[0].text)
    for command, output in before:
        if "DATABASE_URL=" not in command:
            printed = fresh.run(command)
            assert not output or printed == output, f"{command}\n{printed}"
    port = free_port()
    served = serve.command.replace("127.0.0.1:8000", f"127.0.0.1:{port}").split()
    with fresh.serving(*served, port=port):
        ask = Browser(port).ask
        return {
            "ready": ask("/health/ready", **BALANCER),
            "home": ask("/", **TLS),
            "style": ask("/static/admin/css/base.css", **TLS),
            "docs": ask("/api/public/v1/docs", **TLS),
            "no key": ask("/api/public/v1/analytics/campaigns", **TLS),
        }


def statuses(answers: dict[str, Answer]) -> dict[str, int]:
    return {name: answer.status for name, answer in answers.items()}


STARTED = {"ready": 200, "home": 200, "style": 200, "docs": 200, "no key": 401}
