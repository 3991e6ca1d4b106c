"""docs/operations/watching.md lists every figure the processes tell, and no other."""

import importlib
import re
from pathlib import Path

from shared.metrics import DECLARED, Counter, Histogram

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations" / "watching.md").read_text("utf-8")
HOMES = sorted([*ROOT.glob("services/*/metrics.py"), *ROOT.glob("shared/*/metrics.py")])

for home in HOMES:
    importlib.import_module(".".join(home.relative_to(ROOT).with_suffix("").parts))


def test_the_page_lists_what_is_declared_with_its_labels() -> None:
    written = {
        name: set(re.findall(r"`([a-z]+)`(?=:|,|;|$)", re.sub(r": [^;]*", "", labels.strip())))
        for _, names, labels, *_ in (
            row.split("|") for row in PAGE.splitlines() if row.startswith("| `guichet_")
        )
        for name in re.findall(r"`(guichet_[a-z_]+)`", names)
    }
    declared = {name: set(one.labels) - {"service"} for name, one in DECLARED.items() if "_test_" not in name}
    assert written == declared


def test_names_say_what_kind_of_figure_it_is() -> None:
    for name, one in DECLARED.items():
        assert name.endswith("_total") == isinstance(one, Counter)
        assert name.endswith("_seconds") or not isinstance(one, Histogram)
        assert one.labels[0] == "service"


def test_no_figure_is_declared_outside_a_module_named_metrics() -> None:
    strangers = [
        path
        for folder in ("shared", "services")
        for path in (ROOT / folder).rglob("*.py")
        if path not in HOMES
        and re.search(r'\b(Counter|Gauge|Histogram)\(\s*"guichet_', path.read_text("utf-8"))
    ]
    assert strangers == []
