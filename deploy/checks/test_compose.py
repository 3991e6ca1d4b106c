"""docker-compose.yml: the same images, processes and limits as on Kubernetes, in the right order."""

import json
import re
import subprocess
from typing import Any

import pytest

from deploy.checks.rendered import BIN, ROOT, everywhere
from deploy.checks.test_settings import KNOWN, NEEDED
from deploy.trial_secrets import for_compose, make
from shared.settings import SERVICES

FILE = ROOT / "docker-compose.yml"
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker", "relay"))
OURS = (*PROCESSES, "prepare", "standins", "secrets")
ONCE = ("prepare", "secrets")
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]+)\}")


def _config(*arguments: str) -> dict[str, Any]:
    command = [str(BIN / "docker-compose"), "-f", str(FILE), "config", "--format", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    config: dict[str, Any] = json.loads(done.stdout)
    return config


CONFIG = _config()
PARTS: dict[str, dict[str, Any]] = CONFIG["services"]


def test_it_names_every_process_of_every_service() -> None:
    servers = {"postgresql", "rabbitmq", "objects", "mailpit", "proxy"}
    assert PARTS.keys() == set(OURS) | servers


def test_images_are_those_of_kubernetes_each_by_a_variable_with_a_public_default() -> None:
    written = _config("--no-interpolate")["services"]
    assert all(VARIABLE.fullmatch(part["image"]) for part in written.values())
    assert all("PYTHON_IMAGE" in part["build"]["args"] for part in written.values() if "build" in part)
    on_kubernetes = {c["image"] for w in everywhere() if w.overlay == "local" for c in w.containers}
    proxies = {"caddy:2"}
    assert {part["image"] for part in PARTS.values()} - proxies == on_kubernetes


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_confined_and_told_what_it_needs(name: str) -> None:
    service, _, kind = name.partition("-")
    part = PARTS[name]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in part, "the image's own, which is nobody"
    (mounted,) = part["volumes"]
    assert (mounted["source"], mounted["read_only"]) == (f"{service}-secrets", True)
    assert part["environment"].keys() <= KNOWN
    assert part["environment"].keys() | for_compose(make())[service].keys() >= NEEDED[kind]
    assert ("HEARTBEAT_FILE" in part["environment"]) == (kind != "web")


@pytest.mark.parametrize("name", PROCESSES)
def test_commands_and_times_to_finish_are_those_of_kubernetes(name: str) -> None:
    (same,) = [w for w in everywhere() if w.overlay == "local" and w.name == name]
    assert PARTS[name]["command"] == same.spec["containers"][0]["command"]
    pause = 8 if name.endswith("-web") else 0
    seconds = int(re.sub(r"\D", "", PARTS[name]["stop_grace_period"].replace("1m0s", "60s")))
    assert seconds + pause >= same.spec["terminationGracePeriodSeconds"]


def test_everybody_waits_for_whom_they_need() -> None:
    for name, part in PARTS.items():
        for other, wanted in part.get("depends_on", {}).items():
            finished = other in ONCE
            assert wanted["condition"] == (
                "service_completed_successfully" if finished else "service_healthy"
            )
            assert finished or _has_health(other), (
                f"{name} waits for {other}, which says nothing of its health"
            )
    assert {"postgresql", "rabbitmq", "objects", "secrets"} == PARTS["prepare"]["depends_on"].keys()
    assert all("prepare" in PARTS[name]["depends_on"] for name in PROCESSES)


def _has_health(name: str) -> bool:
    # Ours have that of the image.
    return "test" in PARTS[name].get("healthcheck", {}) or name in PROCESSES


def test_only_this_machine_is_listened_to_and_data_survive() -> None:
    for part in PARTS.values():
        assert all(port["host_ip"] == "127.0.0.1" for port in part.get("ports", []))
        for mounted in part.get("volumes", []):
            assert mounted["type"] == "volume"
            assert mounted["source"] in CONFIG["volumes"]
    assert CONFIG["networks"]["inside"]["internal"] is True


def test_the_volumes_of_secrets_are_those_the_secrets_are_written_to() -> None:
    made = for_compose(make())
    targets = {mounted["target"].removeprefix("/secrets/") for mounted in PARTS["secrets"]["volumes"]}
    assert targets == made.keys()
    for name, part in PARTS.items():
        for mounted in part.get("volumes", []):
            if name != "secrets" and mounted["source"].endswith("-secrets"):
                assert mounted["read_only"] is True


def test_the_proxy_knows_every_service_and_asks_whether_it_stays() -> None:
    rules = (FILE.parent / "deploy" / "compose" / "Caddyfile").read_text("utf-8")
    for service in SERVICES:
        address = f"{service.upper()}_WEB"
        assert f"{{${address}:{service}-web:8000}}" in rules
        assert f"health_uri /{service}/health/staying" in rules
        assert PARTS["proxy"]["environment"][address] == f"{service}-web:8000"
        # It asks every second, and waits four for an answer.
        assert float(PARTS[f"{service}-web"]["environment"]["WEB_DRAIN_SECONDS"]) >= 5
    assert [f"/{service}/*" in rules for service in SERVICES] == [False, True, True, True]
