"""What a run prints: tables in Markdown, fit for benchmarks/README.md, and the goals."""

import json
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from benchmarks.measuring import Sample

_GOALS: list[dict[str, object]] = []
_COMPARED: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


def heading(text: str) -> None:
    print(f"\n### {text}\n", flush=True)


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    columns = list(columns)
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)


def rates(samples: Mapping[str, Sample], *, base: str, unit: str) -> None:
    """Each contender's rate, its spread, and its ratio to the base."""
    table(
        ["contender", unit, "spread", f"of {base}"],
        [
            (
                name,
                f"{sample.median:,.0f}",
                sample.spread,
                f"{sample.over(samples[base]):.2f}",
            )
            for name, sample in samples.items()
        ],
    )


def goal(text: str, figure: float, compared: str, target: float) -> None:
    """Note whether the run met a goal."""
    _GOALS.append(
        {
            "goal": text,
            "figure": round(figure, 3),
            "target": f"{compared} {target:g}",
            "met": bool(_COMPARED[compared](figure, target)),
        }
    )


def goals() -> None:
    """The table of goals; the same as JSON where ``BENCH_JSON`` says."""
    heading("Goals")
    table(
        ["goal", "figure", "target", ""],
        [
            (each["goal"], each["figure"], each["target"], "met" if each["met"] else "**missed**")
            for each in _GOALS
        ],
    )
    if file := os.environ.get("BENCH_JSON"):
        Path(file).write_text(json.dumps(_GOALS, indent=2) + "\n")
