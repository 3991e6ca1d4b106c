"""What a schema cannot see in a Deployment, a Job or a Service."""

import re

import pytest

from deploy.checks.rendered import (
    OVERLAYS,
    Object,
    Workload,
    everywhere,
    named,
    objects,
    of_kind,
    selects,
    workloads,
)
from deploy.checks.test_custom_resources import KINDS

EVERYTHING = everywhere()
OURS = [workload for workload in EVERYTHING if workload.ours]
STANDING = [workload for workload in EVERYTHING if workload.kind in {"Deployment", "StatefulSet"}]
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGT]i?|)")
UNITS: dict[str, float] = {"m": 1e-3, "": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} | {
    f"{letter}i": 1024**power for power, letter in enumerate("KMGT", 1)
}


def quantity(written: object) -> float:
    match = QUANTITY.fullmatch(str(written))
    assert match, f"{written!r} is no quantity of Kubernetes"
    return float(match[1]) * UNITS[match[2]]


@pytest.mark.parametrize("workload", STANDING, ids=str)
def test_a_selector_takes_the_pods_of_its_own_template_and_no_others(workload: Workload) -> None:
    selector = workload.owner["spec"]["selector"]
    taken = [other for other in workloads(workload.overlay) if selects(selector, other.labels)]
    assert taken == [workload]


@pytest.mark.parametrize("workload", STANDING, ids=str)
def test_pods_spread_apart_from_pods_of_their_own_kind(workload: Workload) -> None:
    for constraint in workload.spec.get("topologySpreadConstraints", []):
        taken = [o for o in workloads(workload.overlay) if selects(constraint["labelSelector"], o.labels)]
        assert taken == [workload]
    if workload.ours and workload.component in {"web", "worker", "relay"}:
        keys = [constraint["topologyKey"] for constraint in workload.spec["topologySpreadConstraints"]]
        assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


@pytest.mark.parametrize("workload", EVERYTHING, ids=str)
def test_a_probe_asks_in_one_way_and_at_a_port_that_is_there(workload: Workload) -> None:
    for container in workload.spec["containers"]:
        if workload.kind in {"Deployment", "StatefulSet"}:
            assert {"startupProbe", "livenessProbe"} <= container.keys()
        for probe in (container[name] for name in PROBES if name in container):
            ways = probe.keys() & {"httpGet", "tcpSocket", "exec", "grpc"}
            assert len(ways) == 1
            port = probe[ways.pop()].get("port")
            assert port is None or port in workload.ports


@pytest.mark.parametrize("workload", [w for w in OURS if w.kind == "Deployment"], ids=str)
def test_only_web_processes_have_readiness_and_nobody_s_life_hangs_on_a_server(workload: Workload) -> None:
    (container,) = workload.spec["containers"]
    if workload.component == "web":
        assert container["readinessProbe"]["httpGet"]["path"] == f"/{workload.service}/health/ready"
        for name in ("startupProbe", "livenessProbe"):
            assert container[name]["httpGet"]["path"] == f"/{workload.service}/health/live"
    elif workload.component in {"worker", "relay"}:
        assert "readinessProbe" not in container
        for name in ("startupProbe", "livenessProbe"):
            assert container[name]["exec"]["command"][-1] == "/app/shared/heartbeat.py"
        assert "HEARTBEAT_FILE" in workload.settings()


@pytest.mark.parametrize("workload", EVERYTHING, ids=str)
def test_requests_stay_within_limits_and_both_are_said(workload: Workload) -> None:
    for container in workload.containers:
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert requests.keys() == limits.keys() == {"cpu", "memory"}
        for what in requests:
            assert quantity(requests[what]) <= quantity(limits[what])
        assert quantity(limits["memory"]) >= 64 * 1024**2
    for volume in workload.spec.get("volumes", []):
        if "emptyDir" in volume:
            assert quantity(volume["emptyDir"]["sizeLimit"]) > 0


@pytest.mark.parametrize("workload", EVERYTHING, ids=str)
def test_every_mount_has_its_volume_and_every_volume_its_mount(workload: Workload) -> None:
    claimed = {claim["metadata"]["name"] for claim in workload.owner["spec"].get("volumeClaimTemplates", [])}
    there = {volume["name"] for volume in workload.spec.get("volumes", [])} | claimed
    assert {mount["name"] for c in workload.containers for mount in c.get("volumeMounts", [])} == there
    for container in workload.containers:
        paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        assert len(paths) == len(set(paths))


@pytest.mark.parametrize("workload", EVERYTHING, ids=str)
def test_pods_keep_to_the_restricted_standard(workload: Workload) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, as the namespace enforces it."""
    pod = workload.spec
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    allowed = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    assert all(volume.keys() - {"name"} <= allowed for volume in pod.get("volumes", []))
    for container in workload.containers:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not security.get("privileged")
        if workload.ours:
            assert security["readOnlyRootFilesystem"] is True
        assert not any("hostPort" in port for port in container.get("ports", []))


@pytest.mark.parametrize("workload", EVERYTHING, ids=str)
def test_accounts_and_settings_referred_to_are_there(workload: Workload) -> None:
    account = workload.spec.get("serviceAccountName")
    assert account is None or named(workload.overlay, "ServiceAccount", account)
    for container in workload.containers:
        for source in container.get("envFrom", []):
            assert named(workload.overlay, "ConfigMap", source["configMapRef"]["name"])


@pytest.mark.parametrize("workload", [w for w in OURS if w.component in {"web", "worker", "relay"}], ids=str)
def test_there_is_time_to_finish_before_the_end(workload: Workload) -> None:
    (container,) = workload.spec["containers"]
    pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    # A web process gives its last answers 25 s, a relay's batch waits 30 s for its confirms; a worker
    # has a batch and then 10 s for its senders.
    finishing = {"web": 25, "worker": 40, "relay": 32}[workload.component]
    assert workload.spec["terminationGracePeriodSeconds"] >= pause + finishing + 5


@pytest.mark.parametrize("workload", [w for w in OURS if w.component in {"web", "worker", "relay"}], ids=str)
def test_nothing_starts_before_its_database_is_migrated(workload: Workload) -> None:
    (waiting,) = workload.spec["initContainers"]
    assert waiting["command"][:3] == ["guichet", "migrate", "--wait"]
    job = next(
        other for other in workloads(workload.overlay)
        if other.component == "migrate" and other.service == workload.service
    )  # fmt: skip
    assert job.spec["initContainers"][0]["command"] == ["guichet", "migrate"]
    assert {c["image"] for c in job.containers} == {c["image"] for c in workload.containers}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_lead_to_ports_that_are_open(overlay: str) -> None:
    for service in of_kind(overlay, "Service"):
        name = service["metadata"]["name"]
        assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)
        selector = {"matchLabels": service["spec"]["selector"]}
        (target,) = [each for each in workloads(overlay) if selects(selector, each.labels)]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in target.ports


def _targets(overlay: str, selector: Object) -> list[Workload]:
    return [each for each in workloads(overlay) if selects(selector, each.labels)]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_budgets_and_autoscalers_have_somebody_to_look_after(overlay: str) -> None:
    served = []
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        if budget["metadata"]["name"] != "rabbitmq":
            served += [
                (target.service, target.component) for target in _targets(overlay, budget["spec"]["selector"])
            ]
    kinds = [(w.service, w.component) for w in workloads(overlay) if w.ours and w.kind == "Deployment"]
    assert sorted(served) == sorted(kind for kind in kinds if kind[1] in {"web", "worker", "relay"})
    for scaler in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject"):
        deployment = named(overlay, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        # Said in both places, each change of a manifest would undo the autoscaler's.
        assert "replicas" not in deployment["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_release_s_jobs_carry_its_tag_and_no_setting_that_may_change_without_it(overlay: str) -> None:
    for job in (each for each in workloads(overlay) if each.kind == "Job"):
        tag = job.spec["containers"][0]["image"].rpartition(":")[2]
        assert job.name.endswith(f"-{tag}")
        assert not any(container.get("envFrom") for container in job.containers)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_enforces_the_restricted_standard(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    inside = [each for each in objects(overlay) if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in inside} == {namespace["metadata"]["name"]}


# As the newest Kubernetes supported serves them. Operators' own: test_custom_resources.py.
SERVED = {
    "v1": {"ConfigMap", "Namespace", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"},
    "apps/v1": {"Deployment", "StatefulSet"},
    "autoscaling/v2": {"HorizontalPodAutoscaler"},
    "batch/v1": {"CronJob", "Job"},
    "networking.k8s.io/v1": {"Ingress", "NetworkPolicy"},
    "policy/v1": {"PodDisruptionBudget"},
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_objects_are_of_versions_that_are_served(overlay: str) -> None:
    known = KINDS | {(version, kind) for version, kinds in SERVED.items() for kind in kinds}
    assert {(each["apiVersion"], each["kind"]) for each in objects(overlay)} - known == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_are_words(overlay: str) -> None:
    """What YAML 1.1 reads as a truth or a number would be refused by the cluster, or say something else."""
    for settings in of_kind(overlay, "ConfigMap"):
        assert all(isinstance(value, str) for value in settings["data"].values())
    for workload in workloads(overlay):
        for container in workload.containers:
            assert all(isinstance(each.get("value", ""), str) for each in container.get("env", []))
            words = [*container.get("command", []), *container.get("args", [])]
            assert all(isinstance(word, str) for word in words)
