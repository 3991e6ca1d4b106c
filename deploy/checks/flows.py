"""Who talks to whom: as the network policies allow it, and as the settings make it happen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deploy.checks.rendered import COMPONENT, NAME, Object, Workload, of_kind, selects, workloads

OUTSIDE = "outside"


@dataclass(frozen=True)
class Pod:
    """A pod as policies see it: by its labels; ``ports`` are those it listens on."""

    name: str
    labels: tuple[tuple[str, str], ...]
    ports: frozenset[int]

    def matches(self, selector: Object) -> bool:
        return selects(selector, dict(self.labels))


Flow = tuple[str, str, int]

# What operators make of their objects.
RABBITMQ_PORTS = {5672, 15672, 15692, 4369, 25672, *range(35672, 35683)}
POSTGRESQL_PORTS = {5432, 8000, 9187}
BY_OPERATORS = {
    "RabbitmqCluster": (
        {NAME: "rabbitmq", COMPONENT: "rabbitmq"},
        RABBITMQ_PORTS,
        {4369, 25672, *range(35672, 35683)},
    ),
    "Cluster": ({NAME: "postgresql", "cnpg.io/cluster": "postgresql"}, POSTGRESQL_PORTS, {5432, 8000}),
}
# Which secret leads where.
BY_SECRET = {
    "DATABASE_URL": ("postgresql", 5432),
    "PG_ADMIN_URL": ("postgresql", 5432),
    "AMQP_URL": ("rabbitmq", 5672),
    "AMQP_ADMIN_URL": ("rabbitmq", 5672),
}
MANAGEMENT = ("rabbitmq", 15672)
NO_END = {"PUBLIC_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"}
# Asked by the pages.
BY_WEB = {"OIDC_ISSUER"}


def pods(overlay: str) -> list[Pod]:
    found = [
        Pod(w.name, tuple(w.labels.items()), frozenset(w.ports.values()))
        for w in workloads(overlay)
    ]  # fmt: skip
    for each in of_kind(overlay, *BY_OPERATORS):
        labels, ports, _ = BY_OPERATORS[each["kind"]]
        found.append(Pod(each["metadata"]["name"], tuple(labels.items()), frozenset(ports)))
    return found


def used(overlay: str) -> set[Flow]:
    """Return the flows that somebody's settings bring about."""
    flows: set[Flow] = set()
    for workload in workloads(overlay):
        if workload.ours:
            flows |= {(workload.name, *end) for end in _ends(overlay, workload)}
    for each in of_kind(overlay, *BY_OPERATORS):
        name = each["metadata"]["name"]
        flows |= {(name, name, port) for port in BY_OPERATORS[each["kind"]][2]}
    return flows


def _ends(overlay: str, workload: Workload) -> Iterator[tuple[str, int]]:
    for file in workload.secret_files():
        for suffix, end in BY_SECRET.items():
            if file.endswith(suffix):
                yield end
        if file == "AMQP_ADMIN_URL":
            yield MANAGEMENT
    settings = workload.settings()
    # The settings are the service's: who of its processes reads which, docs/operations.md says.
    reads_outside = workload.component in {"worker", "trial", "make-bucket"}
    for name, value in settings.items():
        is_store = name == "DOCUMENTS_S3_ENDPOINT"
        if name in BY_WEB:
            if workload.component == "web":
                yield _end(overlay, value)
            continue
        # The collector of traces is in a namespace of its own: test_network.py looks at that hop.
        if "://" not in value or name in NO_END or not (reads_outside or is_store):
            continue
        if is_store and "DOCUMENTS_S3_ACCESS_KEY" not in workload.secret_files():
            continue
        yield _end(overlay, value)
    if workload.component == "worker" and "SMTP_HOST" in settings:
        yield _end(overlay, f"smtp://{settings['SMTP_HOST']}:{settings['SMTP_PORT']}")


def _end(overlay: str, url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    for service in of_kind(overlay, "Service"):
        if service["metadata"]["name"] == parts.hostname:
            (target,) = [
                w
                for w in workloads(overlay)
                if selects({"matchLabels": service["spec"]["selector"]}, w.labels)
            ]
            (way,) = [each for each in service["spec"]["ports"] if each["port"] == port]
            return target.name, target.ports[way["targetPort"]]
    return OUTSIDE, port


def allowed(overlay: str, direction: str) -> set[Flow]:
    """Return the flows between pods (or to the outside) that policies open at one end."""
    there = pods(overlay)
    flows: set[Flow] = set()
    side, other_side = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    for policy in of_kind(overlay, "NetworkPolicy"):
        subjects = [pod for pod in there if pod.matches(policy["spec"]["podSelector"])]
        for rule in policy["spec"].get(side, []):
            for peer in rule[other_side]:
                for port in _ports(rule):
                    for end in _peers(peer, there):
                        flows |= {
                            (subject.name, end, port) if direction == "Egress" else (end, subject.name, port)
                            for subject in subjects
                        }
    return flows


def _peers(peer: dict[str, Any], there: list[Pod]) -> list[str]:
    if "ipBlock" in peer:
        return [OUTSIDE]
    if "namespaceSelector" in peer:
        return []
    return [pod.name for pod in there if pod.matches(peer["podSelector"])]


def _ports(rule: Object) -> list[int]:
    return [
        number
        for port in rule["ports"]
        for number in range(port["port"], port.get("endPort", port["port"]) + 1)
    ]
