"""Alerts fire when they should and only then; what they and the dashboards read is told by somebody."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.alert_cases import CASES, Case
from deploy.checks.rendered import ROOT, of_kind, selects, workloads
from deploy.local.programs import find_promtool
from shared.metrics import DECLARED, Histogram
from tests.contracts import test_metrics_page

OPERATED = ("staging", "production")
BOARDS = ROOT / "deploy" / "k8s" / "components" / "monitoring" / "dashboards"
# Of the servers, Kubernetes and the library, each looked up where it is told.
FOREIGN = {
    *("up", "process_resident_memory_bytes", "process_cpu_seconds_total"),
    *("kube_job_status_failed", "kube_job_status_succeeded", "kube_job_status_start_time"),
    "kube_cronjob_status_last_successful_time",
    *("kube_deployment_status_replicas_available", "kube_deployment_spec_replicas"),
    *("rabbitmq_detailed_queue_consumers", "rabbitmq_detailed_queue_messages_ready"),
    "rabbitmq_detailed_queue_messages",
    *("rabbitmq_alarms_memory_used_watermark", "rabbitmq_alarms_free_disk_space_watermark"),
    *("cnpg_pg_replication_streaming_replicas", "cnpg_pg_stat_archiver_seconds_since_last_archival"),
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
    "certmanager_certificate_expiration_timestamp_seconds",
}
assert test_metrics_page.HOMES  # importing it has declared every figure


def _alerts() -> list[dict[str, Any]]:
    return [
        rule
        for rules in of_kind("production", "PrometheusRule")
        for group in rules["spec"]["groups"]
        for rule in group["rules"]
    ]


ALERTS = {rule["alert"]: rule for rule in _alerts()}


def _promtool(*arguments: str | Path) -> str:
    promtool = find_promtool()
    assert promtool, "promtool is missing: make manifests installs it (Debian: apt-get install prometheus)"
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rules as Prometheus itself reads them."""
    groups = [group for each in of_kind("production", "PrometheusRule") for group in each["spec"]["groups"]]
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    _write(file, {"groups": groups})
    return file


def _tests(name: str, case: Case) -> Iterator[dict[str, Any]]:
    firing = [("fires", series) for series in (case.fires, *case.fires_too)]
    for title, series in [*firing, *(("stays quiet", series) for series in (case.quiet, *case.quiet_too))]:
        fired = [_fired(name, case)] if title == "fires" else []
        yield {
            "name": f"{name} {title}",
            "interval": "1m",
            "input_series": [{"series": each, "values": values} for each, values in series.items()],
            "alert_rule_test": [{"alertname": name, "eval_time": f"{case.at}m", "exp_alerts": fired}],
        }


def _fired(name: str, case: Case) -> dict[str, Any]:
    return {"exp_labels": {**case.labels, "severity": ALERTS[name]["labels"]["severity"]}}


def test_every_alert_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    assert CASES.keys() == ALERTS.keys()
    for name, case in CASES.items():
        # Their sentences hold figures and ages; promtool would want each spelled out.
        rule = {key: value for key, value in ALERTS[name].items() if key != "annotations"}
        # A file each: some are looked at for days, a minute after the other.
        _write(tmp_path / f"{name}.rule", {"groups": [{"name": name, "rules": [rule]}]})
        tests = {"rule_files": [f"{name}.rule"], "evaluation_interval": "1m", "tests": [*_tests(name, case)]}
        _write(tmp_path / f"{name}.yaml", tests)
    assert _promtool("test", "rules", *sorted(tmp_path.glob("*.yaml"))) == ""


def _write(file: Path, content: object) -> None:
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def test_prometheus_takes_the_rules(rules: Path) -> None:
    assert _promtool("check", "rules", rules) == ""


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_of_whom_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"warning", "critical"}
    summary = alert["annotations"]["summary"]
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= CASES[name].labels.keys()
    page, _, section = alert["annotations"]["runbook"].partition("#")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in (ROOT / page).read_text("utf-8").splitlines()
        if line.startswith("#")
    }
    assert section in headings


def _boards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(BOARDS.glob("*.json"))}


def _expressions() -> Iterator[tuple[str, str]]:
    for name, alert in ALERTS.items():
        yield name, alert["expr"]
    for name, board in _boards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]


def _names(expression: str) -> set[str]:
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\b(?:by|on)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    return set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b|\bup\b", bare)) - {
        "label_replace",
        "histogram_quantile",
        "min_over_time",
        "max_over_time",
    }


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_every_figure_asked_for_is_told_by_somebody(where: str, expression: str) -> None:
    told = set(DECLARED) | FOREIGN
    for name, one in DECLARED.items():
        if isinstance(one, Histogram):
            told |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    assert _names(expression)
    assert _names(expression) - told == set()


def test_boards_are_alike_and_each_panel_says_what_it_shows(rules: Path) -> None:
    boards = _boards()
    assert boards.keys() == {"startups", "kernel"}
    for board in boards.values():
        assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["description"]
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    # Boards are asked in the same language as alerts: Prometheus itself reads them.
    queries = [{"record": f"board:{n}", "expr": e} for n, (_, e) in enumerate(_expressions())]
    file = rules.with_name("boards.yaml")
    _write(file, {"groups": [{"name": "boards", "rules": queries}]})
    assert _promtool("check", "rules", file) == ""


@pytest.mark.parametrize("overlay", OPERATED)
def test_boards_are_where_grafana_looks_for_them(overlay: str) -> None:
    (found,) = [each for each in of_kind(overlay, "ConfigMap") if each["metadata"]["name"] == "dashboards"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {Path(name).stem: json.loads(text) for name, text in found["data"].items()} == _boards()


@pytest.mark.parametrize("overlay", OPERATED)
def test_every_process_is_asked_for_its_figures_at_a_port_it_has(overlay: str) -> None:
    monitors = {each["metadata"]["name"]: each["spec"] for each in of_kind(overlay, "PodMonitor")}
    assert monitors.keys() == {"processes", "rabbitmq", "postgresql"}
    ours = [w for w in workloads(overlay) if w.ours and w.component in {"web", "worker", "relay"}]
    assert len(ours) == 12
    asked = [w for w in workloads(overlay) if selects(monitors["processes"]["selector"], w.labels)]
    assert sorted(map(str, asked)) == sorted(map(str, ours))
    (endpoint,) = monitors["processes"]["podMetricsEndpoints"]
    for workload in asked:
        assert workload.settings()["METRICS_ADDRESS"] == f"0.0.0.0:{workload.ports[endpoint['port']]}"
        assert workload.settings().get("WEB_PROCESSES", "1") == "1", "a port each would have to be asked"


@pytest.mark.parametrize("overlay", OPERATED)
def test_only_prometheus_reaches_the_figures(overlay: str) -> None:
    for policy in of_kind(overlay, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            if any(port["port"] == 9100 for port in rule["ports"]):
                assert policy["metadata"]["name"] == "processes-from-monitoring"
                (peer,) = rule["from"]
                assert peer.keys() == {"namespaceSelector"}
    for service in of_kind(overlay, "Service"):
        assert not any(port["targetPort"] in {"metrics", 9100} for port in service["spec"]["ports"])
