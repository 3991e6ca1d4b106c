"""Nothing may talk to anything except where somebody has to, and there both ends allow it."""

from urllib.parse import urlsplit

import pytest

from deploy.checks.flows import BY_OPERATORS, OUTSIDE, allowed, pods, used
from deploy.checks.rendered import COMPONENT, OVERLAYS, of_kind, selects, workloads


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_refused_that_is_not_named(overlay: str) -> None:
    (deny,) = [p for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == "default-deny"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_hop_is_open_at_both_ends(overlay: str) -> None:
    out = {flow for flow in allowed(overlay, "Egress") if flow[1] != OUTSIDE}
    assert out == allowed(overlay, "Ingress")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_hop_somebody_needs_is_open_and_every_open_one_has_a_user(overlay: str) -> None:
    needed, opened = used(overlay), allowed(overlay, "Egress")
    assert needed - opened == set()
    # Kubernetes' own interface, which operators' pods ask, and the bucket of the backups.
    by_operators = {each["metadata"]["name"] for each in of_kind(overlay, *BY_OPERATORS)}
    assert {flow for flow in opened - needed if not (flow[0] in by_operators and flow[1] == OUTSIDE)} == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_policies_name_pods_and_ports_that_are_there(overlay: str) -> None:
    there = pods(overlay)
    for policy in of_kind(overlay, "NetworkPolicy"):
        spec = policy["spec"]
        subjects = [pod for pod in there if pod.matches(spec["podSelector"])]
        assert subjects, policy["metadata"]["name"]
        for rule in spec.get("ingress", []):
            for port in rule["ports"]:
                assert all(port["port"] in pod.ports for pod in subjects), policy["metadata"]["name"]
        for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
            for peer in rule.get("from", rule.get("to", [])):
                if peer.keys() == {"podSelector"}:
                    assert any(pod.matches(peer["podSelector"]) for pod in there), policy["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_web_processes_are_reached_by_the_edge_and_reach_no_broker(overlay: str) -> None:
    (edge,) = [p for p in of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == "web-from-edge"]
    web = [pod for pod in pods(overlay) if dict(pod.labels).get(COMPONENT) == "web"]
    assert len(web) == 4
    assert all(selects(edge["spec"]["podSelector"], dict(pod.labels)) for pod in web)
    assert not {
        flow for flow in allowed(overlay, "Egress") if flow[0].endswith("-web") and flow[1] == "rabbitmq"
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_does_the_work_reaches_the_collector_of_traces_where_there_is_one(overlay: str) -> None:
    for workload in workloads(overlay):
        collector = urlsplit(workload.settings().get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
        if collector.hostname is None or workload.component not in {"web", "worker", "relay"}:
            continue
        namespace = {"matchLabels": {"kubernetes.io/metadata.name": collector.hostname.split(".")[1]}}
        assert any(
            {"namespaceSelector": namespace} in rule["to"]
            and collector.port in [each["port"] for each in rule["ports"]]
            for policy in of_kind(overlay, "NetworkPolicy")
            if selects(policy["spec"]["podSelector"], dict(workload.labels))
            for rule in policy["spec"].get("egress", [])
        ), workload
