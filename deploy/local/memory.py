"""How much memory processes hold. Proportional: what several share, as PostgreSQL's do, counts once."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

PROC = Path("/proc")


def held(roots: Mapping[str, int]) -> dict[str, int]:
    """Bytes held by each named process and all it started (Linux)."""
    children = _children()
    return {name: sum(_proportional(pid) for pid in family(root, children)) for name, root in roots.items()}


def family(root: int, children: Mapping[int, list[int]] | None = None) -> list[int]:
    """The process and all its descendants."""
    children = _children() if children is None else children
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children[int(fields[1])].append(int(folder.name))
    return children


def _proportional(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
