"""What the benchmarks leave behind, for whoever reads it by program."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import filing, latency, machine, whole_stack
from benchmarks.comparing import Contender, Result

ASKED_FOR = {
    *("consume_vs_faststream", "consume_vs_nameko", "consume_vs_raw"),
    *("relay_vs_single_confirm", "relay_vs_unconfirmed", "file_vs_bare"),
    *("email_p50_ms", "email_p99_ms", "sms_p99_ms", "idle_rss_mb", "ready_s"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``run("--only", "file")``: everything but the measuring, which takes minutes."""

    @contextmanager
    def nothing(*_: object, **__: object) -> Iterator[Any]:
        yield _Running()

    def measured(
        contenders: tuple[Contender, ...], rounds: int, measure: object, tell: object
    ) -> dict[str, Result]:
        return {one.name: Result(100.0 if one.name == "ours" else 50.0, 10.0) for one in contenders}

    monkeypatch.setattr(bench, "REPORT", tmp_path / "bench.json")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "in_turn", measured)
    monkeypatch.setattr(filing, "open_counter", lambda _: None)
    monkeypatch.setattr(machine, "describe", lambda: {"cores": 2})
    monkeypatch.setattr(latency, "measure", lambda *_: dict.fromkeys(bench.TOP_LATENCIES, 1.0))
    monkeypatch.setattr(whole_stack, "folder", nothing)
    monkeypatch.setattr(whole_stack, "running", nothing)
    for module, name in ((bench, "servers"), (bench, "Stage"), (filing, "web")):
        monkeypatch.setattr(module, name, nothing)

    def started(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])
        bench.main()

    return started


class _Running:
    ready_seconds = 12.0

    def __init__(self) -> None:
        self.endpoints: dict[str, str] = {}

    def cpu_seconds(self) -> dict[str, float]:
        return {}

    def idle_megabytes(self) -> dict[str, float]:
        return {"pss": 650.0, "rss": 1100.0}


def _reported(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}


def test_a_whole_report_has_every_figure_asked_for(run: Callable[..., None], tmp_path: Path) -> None:
    run()
    (report,) = _reported(tmp_path).values()
    assert report.keys() >= ASKED_FOR
    assert report["consume_vs_faststream"] == 2.0
    assert report["idle_rss_mb"] == 650.0
    assert report["machine"]["cores"] == 2


def test_a_part_leaves_the_whole_report_as_it_was(run: Callable[..., None], tmp_path: Path) -> None:
    run()
    before = _reported(tmp_path)["bench.json"]
    run("--only", "file")
    reports = _reported(tmp_path)
    assert reports["bench.json"] == before
    assert reports["bench-part.json"].keys() & ASKED_FOR == {"file_vs_bare"}


def test_a_report_that_lacks_a_figure_is_not_written(
    run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "relay", lambda *_: {})
    with pytest.raises(KeyError, match="relay_vs_single_confirm, relay_vs_unconfirmed"):
        run()
    assert _reported(tmp_path) == {}


def test_a_part_nobody_knows_is_refused(run: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("--only", "fiel")
    assert _reported(tmp_path) == {}
