"""Faults planted into the manifests in memory: each has to be refused by the check that is there for it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from yamllint import config, linter

from deploy.checks import (
    rendered,
    test_custom_resources,
    test_network,
    test_settings,
    test_workloads,
)
from deploy.checks.rendered import ROOT, Object

Change = Callable[[list[Object]], None]
PRODUCTION = "production"


def _object(objects: list[Object], kind: str, name: str) -> Any:
    return next(each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)


def _pod(objects: list[Object], name: str) -> Any:
    return _object(objects, "Deployment", name)["spec"]["template"]["spec"]


def _container(objects: list[Object], name: str) -> Any:
    return _pod(objects, name)["containers"][0]


def selector_of_other_labels(objects: list[Object]) -> None:
    _object(objects, "Deployment", "billing-web")["spec"]["selector"]["matchLabels"][
        "app.kubernetes.io/name"
    ] = "bill"


def request_above_limit(objects: list[Object]) -> None:
    _container(objects, "billing-web")["resources"]["requests"]["memory"] = "900Gi"


def two_ways_in_one_probe(objects: list[Object]) -> None:
    _container(objects, "billing-web")["livenessProbe"]["exec"] = {"command": ["true"]}


def probe_at_a_port_that_is_not_there(objects: list[Object]) -> None:
    _container(objects, "billing-web")["livenessProbe"]["httpGet"]["port"] = "https"


def mount_of_an_unknown_volume(objects: list[Object]) -> None:
    _container(objects, "billing-web")["volumeMounts"][0]["name"] = "elsewhere"


def quantity_in_megabytes(objects: list[Object]) -> None:
    _container(objects, "billing-web")["resources"]["limits"]["memory"] = "64MB"


def root_in_a_pod(objects: list[Object]) -> None:
    _pod(objects, "billing-web")["securityContext"]["runAsNonRoot"] = False


def privilege_escalation(objects: list[Object]) -> None:
    _container(objects, "billing-worker")["securityContext"]["allowPrivilegeEscalation"] = True


def folder_of_the_machine(objects: list[Object]) -> None:
    _pod(objects, "billing-web")["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    _container(objects, "billing-web")["volumeMounts"].append({"name": "host", "mountPath": "/host"})


def name_of_a_service_that_is_no_name(objects: list[Object]) -> None:
    _object(objects, "Service", "billing-web")["metadata"]["name"] = "Billing_web"


def service_to_a_port_that_is_not_there(objects: list[Object]) -> None:
    _object(objects, "Service", "billing-web")["spec"]["ports"][0]["targetPort"] = "https"


def version_that_was_removed(objects: list[Object]) -> None:
    _object(objects, "PodDisruptionBudget", "billing-web")["apiVersion"] = "policy/v1beta1"


def word_that_became_a_truth(objects: list[Object]) -> None:
    settings = next(each for each in objects if each["metadata"]["name"].startswith("billing-settings"))
    settings["data"] |= yaml.load("LOG_FORMAT: yes", yaml.CSafeLoader)


def setting_nobody_reads(objects: list[Object]) -> None:
    _container(objects, "billing-web")["env"] = [{"name": "BILLING_COLOUR", "value": "blue"}]


def setting_without_which_nothing_starts(objects: list[Object]) -> None:
    for source in _pod(objects, "billing-worker")["volumes"][0]["projected"]["sources"]:
        source["secret"]["items"] = [
            i for i in source["secret"]["items"] if not i["path"].endswith("AMQP_URL")
        ]


def new_key_without_which_older_installations_hang(objects: list[Object]) -> None:
    for source in _pod(objects, "billing-worker")["volumes"][0]["projected"]["sources"]:
        source["secret"].pop("optional", None)


def account_that_is_not_there(objects: list[Object]) -> None:
    _pod(objects, "billing-web")["serviceAccountName"] = "nobody"


def budget_for_nobody(objects: list[Object]) -> None:
    budget = _object(objects, "PodDisruptionBudget", "billing-web")
    budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] = "bill"


def no_time_to_finish(objects: list[Object]) -> None:
    _pod(objects, "billing-worker")["terminationGracePeriodSeconds"] = 20


def hop_without_a_user(objects: list[Object]) -> None:
    """Billing's web process to the broker, open at both ends."""
    opened = {"protocol": "TCP", "port": 5672}
    web = {"matchLabels": {"app.kubernetes.io/name": "billing", "app.kubernetes.io/component": "web"}}
    broker = {
        "matchLabels": {"app.kubernetes.io/name": "rabbitmq", "app.kubernetes.io/component": "rabbitmq"}
    }
    for name, subject, side, way, other in (
        ("out", web, "egress", "to", broker),
        ("in", broker, "ingress", "from", web),
    ):
        policy = {"podSelector": subject, side: [{way: [{"podSelector": other}], "ports": [opened]}]}
        objects.append({"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": policy})


def hop_closed(objects: list[Object]) -> None:
    objects.remove(
        next(each for each in objects if each["kind"] == "NetworkPolicy" and "egress" in each["spec"])
    )


def hop_open_at_one_end(objects: list[Object]) -> None:
    hop_without_a_user(objects)
    objects.pop()


def route_to_a_port_that_is_not_there(objects: list[Object]) -> None:
    route = next(e for e in objects if e["kind"] == "HTTPRoute" and "backendRefs" in e["spec"]["rules"][-1])
    route["spec"]["rules"][-1]["backendRefs"][0]["port"] = 81


def secret_nobody_makes(objects: list[Object]) -> None:
    objects.remove(_object(objects, "ExternalSecret", "billing-broker"))


def too_few_connections(objects: list[Object]) -> None:
    _object(objects, "Cluster", "postgresql")["spec"]["postgresql"]["parameters"]["max_connections"] = "40"


WORKLOADS: list[tuple[Callable[..., None], Change]] = [
    (
        test_workloads.test_a_selector_takes_the_pods_of_its_own_template_and_no_others,
        selector_of_other_labels,
    ),
    (test_workloads.test_requests_stay_within_limits_and_both_are_said, request_above_limit),
    (test_workloads.test_requests_stay_within_limits_and_both_are_said, quantity_in_megabytes),
    (test_workloads.test_a_probe_asks_in_one_way_and_at_a_port_that_is_there, two_ways_in_one_probe),
    (
        test_workloads.test_a_probe_asks_in_one_way_and_at_a_port_that_is_there,
        probe_at_a_port_that_is_not_there,
    ),
    (test_workloads.test_every_mount_has_its_volume_and_every_volume_its_mount, mount_of_an_unknown_volume),
    (test_workloads.test_pods_keep_to_the_restricted_standard, root_in_a_pod),
    (test_workloads.test_pods_keep_to_the_restricted_standard, privilege_escalation),
    (test_workloads.test_pods_keep_to_the_restricted_standard, folder_of_the_machine),
    (test_workloads.test_accounts_and_settings_referred_to_are_there, account_that_is_not_there),
    (test_workloads.test_there_is_time_to_finish_before_the_end, no_time_to_finish),
    (test_settings.test_every_variable_is_one_the_code_reads, setting_nobody_reads),
    (
        test_settings.test_every_process_is_told_what_it_cannot_start_without,
        setting_without_which_nothing_starts,
    ),
    (
        test_settings.test_pods_start_without_the_keys_an_older_installation_has_not_and_without_no_others,
        new_key_without_which_older_installations_hang,
    ),
]
OVERLAYS: list[tuple[Callable[..., None], Change]] = [
    (test_workloads.test_services_lead_to_ports_that_are_open, name_of_a_service_that_is_no_name),
    (test_workloads.test_services_lead_to_ports_that_are_open, service_to_a_port_that_is_not_there),
    (test_workloads.test_objects_are_of_versions_that_are_served, version_that_was_removed),
    (test_workloads.test_settings_are_words, word_that_became_a_truth),
    (test_workloads.test_budgets_and_autoscalers_have_somebody_to_look_after, budget_for_nobody),
    (test_network.test_every_hop_somebody_needs_is_open_and_every_open_one_has_a_user, hop_without_a_user),
    (test_network.test_every_hop_somebody_needs_is_open_and_every_open_one_has_a_user, hop_closed),
    (test_network.test_each_hop_is_open_at_both_ends, hop_open_at_one_end),
    (test_settings.test_every_secret_named_is_made_with_the_keys_asked_of_it, secret_nobody_makes),
    (test_custom_resources.test_routes_lead_each_path_to_its_service, route_to_a_port_that_is_not_there),
    (test_custom_resources.test_enough_connections_for_every_process_at_its_most, too_few_connections),
]


def _named(pairs: list[tuple[Callable[..., None], Change]]) -> list[Any]:
    return [pytest.param(check, change, id=change.__name__) for check, change in pairs]


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    def plant(change: Change) -> None:
        objects = copy.deepcopy(rendered.objects(PRODUCTION))
        changed = list(objects)
        change(changed)
        for module in (rendered, test_workloads):
            monkeypatch.setattr(module, "objects", lambda _overlay: tuple(changed))

    return plant


@pytest.mark.parametrize(("check", "change"), _named(WORKLOADS))
def test_a_fault_in_a_workload_is_refused(
    planted: Callable[[Change], None], check: Callable[..., None], change: Change
) -> None:
    planted(change)
    with pytest.raises(AssertionError):
        _of_billing(check)


def _of_billing(check: Callable[..., None]) -> None:
    for workload in rendered.workloads(PRODUCTION):
        if workload.service == "billing" and workload.component in {"web", "worker"}:
            check(workload)


@pytest.mark.parametrize(("check", "change"), _named(OVERLAYS))
def test_a_fault_between_objects_is_refused(
    planted: Callable[[Change], None], check: Callable[..., None], change: Change
) -> None:
    planted(change)
    with pytest.raises((AssertionError, ValueError)):
        check(PRODUCTION)


def test_manifests_without_a_fault_pass_the_same_checks(planted: Callable[[Change], None]) -> None:
    planted(lambda _: None)
    for check in {check for check, _ in WORKLOADS}:
        _of_billing(check)
    for check in {check for check, _ in OVERLAYS}:
        check(PRODUCTION)


def test_a_word_that_may_mean_true_is_refused() -> None:
    rules = config.YamlLintConfig((ROOT / "deploy" / "checks" / "yamllint.yaml").read_text("utf-8"))
    found = [problem.rule for problem in linter.run("enabled: yes\n", rules)]
    assert found == ["truthy"]
    assert not list(linter.run('enabled: "yes"\n', rules))
