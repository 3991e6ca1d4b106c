"""The manifests as a cluster would get them, and short ways to their parts."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("local", "staging", "production")
# Production with what an installation may add: deploy/checks/sign-in.
WITH_SIGN_IN = "../../checks/sign-in"
# The oldest Kubernetes the project supports and the newest; docs/operations.md says the same.
KUBERNETES = ("1.33", "1.37")

Object = dict[str, Any]
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"


@cache
def kustomize(overlay: str) -> str:
    command = [str(BIN / "kubectl"), "kustomize", str(K8S / "overlays" / overlay)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def objects(overlay: str) -> tuple[Object, ...]:
    return tuple(yaml.load_all(kustomize(overlay), Loader=yaml.CSafeLoader))


def of_kind(overlay: str, *kinds: str) -> list[Object]:
    return [each for each in objects(overlay) if each["kind"] in kinds]


def named(overlay: str, kind: str, name: str) -> Object:
    for each in of_kind(overlay, kind):
        if each["metadata"]["name"] == name:
            return each
    raise AssertionError(f"{overlay}: there is no {kind} {name}")


@dataclass(frozen=True)
class Workload:
    """Something that makes pods, and the pod it makes."""

    overlay: str
    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Object
    owner: Object

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str, int]:
        return {
            port["name"]: port["containerPort"]
            for container in self.spec["containers"]
            for port in container.get("ports", [])
        }

    @property
    def ours(self) -> bool:
        return all("guichet-unique/" in container["image"] for container in self.containers)

    @property
    def service(self) -> str:
        return self.labels[NAME]

    @property
    def component(self) -> str:
        return self.labels[COMPONENT]

    def secret_files(self) -> dict[str, tuple[str, str]]:
        """Return file → (secret, key) of everything mounted from secrets."""
        return {
            item["path"]: (secret["name"], item["key"])
            for secret in self._projected()
            for item in secret["items"]
        }

    def optional_files(self) -> set[str]:
        """Return those of them a pod starts without."""
        return {
            item["path"] for secret in self._projected() for item in secret["items"] if secret.get("optional")
        }

    def _projected(self) -> Iterator[Object]:
        for volume in self.spec.get("volumes", []):
            for source in volume.get("projected", {}).get("sources", []):
                yield source["secret"]

    def settings(self) -> dict[str, str]:
        """Return the variables of the main container that are no secret."""
        (container,) = self.spec["containers"]
        told: dict[str, str] = {}
        for source in container.get("envFrom", []):
            told |= named(self.overlay, "ConfigMap", source["configMapRef"]["name"])["data"]
        for each in container.get("env", []):
            if "value" in each:
                told[each["name"]] = each["value"]
            elif reference := each.get("valueFrom", {}).get("configMapKeyRef"):
                settings = named(self.overlay, "ConfigMap", reference["name"])["data"]
                told[each["name"]] = settings[reference["key"]]
        return told

    def __str__(self) -> str:
        return f"{self.overlay}: {self.kind} {self.name}"


def workloads(overlay: str) -> Iterator[Workload]:
    for each in of_kind(overlay, "Deployment", "StatefulSet", "Job", "CronJob"):
        spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
        template = spec["template"]
        yield Workload(
            overlay,
            each["kind"],
            each["metadata"]["name"],
            template["metadata"]["labels"],
            template["spec"],
            each,
        )


def everywhere() -> list[Workload]:
    return [workload for overlay in OVERLAYS for workload in workloads(overlay)]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise NotImplementedError(expression)
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True
