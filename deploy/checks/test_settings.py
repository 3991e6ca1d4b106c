"""What the manifests set is what the code reads, and every secret they name is made by somebody."""

from typing import Any

import pytest

from deploy.checks.rendered import OVERLAYS, Workload, everywhere, of_kind, workloads
from deploy.trial_secrets import as_kubernetes, for_compose, make
from shared.settings import SERVICES
from tests.contracts.test_settings_page import _in_code

# Of images that are not ours.
FOREIGN = {
    "POSTGRES_PASSWORD_FILE",
    "PGDATA",
    "RABBITMQ_DEFAULT_USER",
    "RABBITMQ_DEFAULT_PASS",
    "MP_MAX_MESSAGES",
    # The OpenTelemetry SDK reads these itself.
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
}
PER_SERVICE = ("DATABASE_URL", "AMQP_URL", "AMQP_PASSWORD", "DATABASE_NEXT_PASSWORD", "AMQP_NEXT_PASSWORD")
KNOWN = _in_code() | FOREIGN | {"SERVICE"} | {f"{s.upper()}_{n}" for s in SERVICES for n in PER_SERVICE}
OURS = [workload for workload in everywhere() if workload.ours]
# Made by the operator of RabbitMQ, with these keys.
BY_OPERATORS = {"rabbitmq-default-user": {"username", "password", "connection_string"}}
# What a trial does without: its people are invented, so its dumps may be in the clear.
NOT_ON_TRIAL = {("backup-recipients", "BACKUP_RECIPIENTS")}
NEEDED = {
    "web": {"DATABASE_URL", "SESSION_PUBLIC_KEY"},
    "worker": {"DATABASE_URL", "AMQP_URL"},
    "relay": {"DATABASE_URL", "AMQP_URL"},
    "migrate": {"DATABASE_URL"},
}


def _secrets(overlay: str) -> dict[str, set[str]]:
    """Return the keys of every secret there will be."""
    if overlay == "local":
        return {name: set(values) for name, values in make().items()}
    made = dict(BY_OPERATORS)
    for external in of_kind(overlay, "ExternalSecret"):
        spec = external["spec"]
        template = spec.get("target", {}).get("template", {}).get("data", {})
        made[external["metadata"]["name"]] = set(template) or {each["secretKey"] for each in spec["data"]}
    return made


def _references(found: Any) -> list[tuple[str, str]]:
    """Return (secret, key) for every reference of an operator's object."""
    if isinstance(found, list):
        return [pair for each in found for pair in _references(each)]
    if not isinstance(found, dict):
        return []
    here = [(found["name"], found["key"])] if found.keys() == {"name", "key"} else []
    if "passwordSecret" in found:
        here += [(found["passwordSecret"]["name"], key) for key in ("username", "password")]
    return here + [pair for value in found.values() for pair in _references(value)]


@pytest.mark.parametrize("workload", OURS, ids=str)
def test_every_variable_is_one_the_code_reads(workload: Workload) -> None:
    files = {name for name in workload.secret_files() if name.isupper()}
    assert (set(workload.settings()) | files) - KNOWN == set()
    # What is a secret is not told twice, least of all in the open.
    assert not files & set(workload.settings())


@pytest.mark.parametrize("workload", [w for w in OURS if w.component in NEEDED], ids=str)
def test_every_process_is_told_what_it_cannot_start_without(workload: Workload) -> None:
    told = set(workload.secret_files()) | set(workload.settings())
    assert told >= NEEDED[workload.component]
    assert workload.settings()["SERVICE"] == workload.service
    signs = {"SESSION_PRIVATE_KEY"} if (workload.service, workload.component) == ("guichet", "web") else set()
    assert told & {"SESSION_PRIVATE_KEY"} == signs
    if workload.component == "web":
        assert "AMQP_URL" not in told
        assert workload.settings()["TRUSTED_PROXIES"] == "1"


@pytest.mark.parametrize(
    "workload", [w for w in OURS if w.component in {"web", "worker", "relay", "migrate"}], ids=str
)
def test_a_process_reads_no_other_service_s_secrets(workload: Workload) -> None:
    others = {f"{service}-{what}" for service in SERVICES for what in ("database", "broker")}
    others -= {f"{workload.service}-database", f"{workload.service}-broker"}
    assert not {secret for secret, _ in workload.secret_files().values()} & others


@pytest.mark.parametrize("workload", OURS, ids=str)
def test_pods_start_without_the_keys_an_older_installation_has_not_and_without_no_others(
    workload: Workload,
) -> None:
    newer = {file for file in workload.secret_files() if file.endswith("_NEXT_PASSWORD")}
    dispensable = newer | ({"AGENCY_SECRETS", "BACKUP_RECIPIENTS"} & set(workload.secret_files()))
    assert workload.optional_files() == dispensable


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_named_is_made_with_the_keys_asked_of_it(overlay: str) -> None:
    made = _secrets(overlay)
    asked = {pair for workload in workloads(overlay) for pair in workload.secret_files().values()}
    asked |= {
        (reference["name"], reference["key"])
        for workload in workloads(overlay)
        for container in workload.containers
        for variable in container.get("env", [])
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    for custom in of_kind(overlay, "Cluster", "ObjectStore", "TriggerAuthentication"):
        asked |= {pair for pair in _references(custom["spec"]) if pair[1].isupper() or "password" in pair[1]}
    without = NOT_ON_TRIAL if overlay == "local" else set()
    assert {(name, key) for name, key in asked if key not in made.get(name, set())} == without
    unused = set(made) - {name for name, _ in asked}
    assert unused - set(BY_OPERATORS) == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_backups_are_made_and_everything_repairing_needs_is_in_one_pod(overlay: str) -> None:
    """docs/operations/repair.md, as a person follows it on Kubernetes."""
    backup, repair = (
        next(each for each in workloads(overlay) if each.component == component)
        for component in ("backup", "repair")
    )
    assert not backup.owner["spec"].get("suspend")
    assert repair.owner["spec"]["suspend"]
    databases, brokers = (
        {
            f"{service.upper()}_{what}"
            for service in SERVICES
            for what in (f"{kind}_URL", f"{kind}_NEXT_PASSWORD")
        }
        for kind in ("DATABASE", "AMQP")
    )
    store = {"DOCUMENTS_S3_ACCESS_KEY", "DOCUMENTS_S3_SECRET_KEY"}
    assert set(backup.secret_files()) == databases | store | {"BACKUP_RECIPIENTS"}
    assert set(repair.secret_files()) == databases | store | brokers | {"DOCUMENT_KEYS"}
    counter = next(w for w in workloads(overlay) if (w.service, w.component) == ("guichet", "web"))
    for pod in (backup, repair):
        assert pod.settings() == {
            name: counter.settings()[name] for name in ("DOCUMENTS_S3_ENDPOINT", "DOCUMENTS_S3_BUCKET")
        }
        mounted = {mount["name"]: mount["mountPath"] for mount in pod.containers[0]["volumeMounts"]}
        assert mounted["backups"] == "/backups"
    doctor = next(each for each in workloads(overlay) if each.component == "doctor")
    assert "BACKUP_HOURS" not in doctor.settings()


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_no_manifest_holds_a_secret(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == []


def test_trial_secrets_are_made_anew_each_time_and_fit_each_other() -> None:
    first, second = make(), make()
    assert first["guichet-database"]["password"] != second["guichet-database"]["password"]
    parts = for_compose(first)
    for service in SERVICES:
        assert parts[service]["DATABASE_URL"] == parts["operations"][f"{service.upper()}_DATABASE_URL"]
        assert first[f"{service}-broker"]["password"] in parts[service]["AMQP_URL"]
        others = {first[f"{other}-database"]["password"] for other in SERVICES if other != service}
        assert not any(password in value for password in others for value in parts[service].values())
    assert "SESSION_PRIVATE_KEY" in parts["guichet"]
    assert not any("SESSION_PRIVATE_KEY" in parts[name] for name in parts if name != "guichet")
    assert {item["kind"] for item in as_kubernetes(first)["items"]} == {"Namespace", "Secret"}
