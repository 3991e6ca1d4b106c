"""Objects of operators, whose schemas the validator lacks: their references, and what must be said."""

import pytest

from deploy.checks.rendered import named, of_kind, workloads
from shared.settings import SERVICES

OPERATED = ("staging", "production")
# group/version and kind of every custom object, as its operator serves it today.
KINDS = {
    ("barmancloud.cnpg.io/v1", "ObjectStore"),
    ("external-secrets.io/v1", "ExternalSecret"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("keda.sh/v1alpha1", "TriggerAuthentication"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("postgresql.cnpg.io/v1", "Cluster"),
    ("postgresql.cnpg.io/v1", "Database"),
    ("postgresql.cnpg.io/v1", "ScheduledBackup"),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"),
}
ROUTED = {"/guichet": "guichet", "/t": "guichet", "/booking": "booking", "/notifications": "notifications",
          "/billing": "billing"}  # fmt: skip


@pytest.mark.parametrize("overlay", OPERATED)
def test_custom_objects_are_of_known_kinds(overlay: str) -> None:
    kinds = {kind for _, kind in KINDS}
    assert {(each["apiVersion"], each["kind"]) for each in of_kind(overlay, *kinds)} <= KINDS


@pytest.mark.parametrize("overlay", OPERATED)
def test_the_database_cluster_commits_on_two_machines_and_archives(overlay: str) -> None:
    (cluster,) = of_kind(overlay, "Cluster")
    spec = cluster["spec"]
    assert spec["instances"] == 3
    # Whoever runs the cluster says where images come from, in the operator's catalog.
    assert "imageName" not in spec
    assert spec["imageCatalogRef"]["kind"] == "ClusterImageCatalog"
    assert spec["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
    assert spec["affinity"]["podAntiAffinityType"] == "required"
    (plugin,) = spec["plugins"]
    assert plugin["isWALArchiver"] is True
    assert named(overlay, "ObjectStore", plugin["parameters"]["barmanObjectName"])
    (nightly,) = of_kind(overlay, "ScheduledBackup")
    assert nightly["spec"]["cluster"]["name"] == cluster["metadata"]["name"]
    assert nightly["spec"]["pluginConfiguration"]["name"] == plugin["name"]
    assert len(nightly["spec"]["schedule"].split()) == 6


@pytest.mark.parametrize("overlay", OPERATED)
def test_each_service_has_a_role_and_a_database_of_its_own(overlay: str) -> None:
    (cluster,) = of_kind(overlay, "Cluster")
    roles = {role["name"]: role["passwordSecret"]["name"] for role in cluster["spec"]["managed"]["roles"]}
    assert roles == {f"guichet_{service}": f"{service}-database" for service in SERVICES}
    databases = {each["spec"]["name"]: each["spec"] for each in of_kind(overlay, "Database")}
    assert databases.keys() == roles.keys()
    for name, spec in databases.items():
        assert spec["owner"] == name
        assert spec["databaseReclaimPolicy"] == "retain"
        assert spec["cluster"]["name"] == cluster["metadata"]["name"]
        secret = named(overlay, "ExternalSecret", roles[name])["spec"]["target"]["template"]
        assert secret["data"]["username"] == name
        assert f"//{name}:" in secret["data"]["DATABASE_URL"]
        assert "-rw.guichet-unique.svc:5432/" + name in secret["data"]["DATABASE_URL"]


@pytest.mark.parametrize("overlay", OPERATED)
def test_enough_connections_for_every_process_at_its_most(overlay: str) -> None:
    (cluster,) = of_kind(overlay, "Cluster")
    total = 0
    for each in workloads(overlay):
        if each.ours and each.component in {"web", "worker", "relay"}:
            most = each.owner["spec"].get("replicas") or max(
                spec["spec"].get("maxReplicas", 0) + spec["spec"].get("maxReplicaCount", 0)
                for spec in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
                if spec["spec"]["scaleTargetRef"]["name"] == each.name
            )
            # Eight threads a web process; the loops, consumer and wake-ups of a worker; a relay's one.
            total += (most + 1) * {"web": 8, "worker": 11, "relay": 1}[each.component]
    assert total + 20 <= int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])


@pytest.mark.parametrize("overlay", OPERATED)
def test_the_broker_has_three_nodes_apart(overlay: str) -> None:
    (cluster,) = of_kind(overlay, "RabbitmqCluster")
    assert cluster["spec"]["replicas"] == 3
    (rule,) = cluster["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["labelSelector"] == {"matchLabels": {"app.kubernetes.io/name": cluster["metadata"]["name"]}}
    assert named(overlay, "PodDisruptionBudget", "rabbitmq")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("overlay", OPERATED)
def test_routes_lead_each_path_to_its_service(overlay: str) -> None:
    found: dict[str, str] = {}
    for route in of_kind(overlay, "HTTPRoute"):
        gateway = named(overlay, "Gateway", route["spec"]["parentRefs"][0]["name"])
        sections = {listener["name"] for listener in gateway["spec"]["listeners"]}
        assert {parent["sectionName"] for parent in route["spec"]["parentRefs"]} <= sections
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                ports = named(overlay, "Service", backend["name"])["spec"]["ports"]
                assert backend["port"] in {port["port"] for port in ports}
                found |= {match["path"]["value"]: backend["name"] for match in rule["matches"]}
    assert found == {path: f"{service}-web" for path, service in ROUTED.items()}
    hosts = {
        listener["hostname"] for each in of_kind(overlay, "Gateway") for listener in each["spec"]["listeners"]
    }
    (settings,) = [
        each["data"]
        for each in of_kind(overlay, "ConfigMap")
        if each["metadata"]["name"].startswith("guichet-settings")
    ]
    assert {settings["PUBLIC_URL"]} == {f"https://{host}" for host in hosts}


def test_the_ingress_leads_each_path_to_its_service() -> None:
    (ingress,) = of_kind("local", "Ingress")
    (rule,) = ingress["spec"]["rules"]
    found = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert found == {path: f"{service}-web" for path, service in ROUTED.items()} | {"/": "guichet-web"}
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    for name in found.values():
        assert named("local", "Service", name)["spec"]["ports"][0]["name"] == "http"
