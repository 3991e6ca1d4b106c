"""``python -m deploy.checks``: the public tools first, all at once, then our own tests."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.checks.rendered import BIN, KUBERNETES, OVERLAYS, ROOT, WITH_SIGN_IN, kustomize

# What a schema is published for comes with Kubernetes; these kinds come with operators, whose schemas the
# tool does not have. deploy/checks/test_custom_resources.py looks at them.
CUSTOM_GROUPS = (
    "barmancloud.cnpg.io", "external-secrets.io", "gateway.networking.k8s.io", "keda.sh",
    "monitoring.coreos.com", "postgresql.cnpg.io", "rabbitmq.com",
)  # fmt: skip


def main() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        files = list(pool.map(lambda name: _rendered(name, Path(folder)), (*OVERLAYS, WITH_SIGN_IN)))
        checks = [
            *(pool.submit(_schemas, file, version) for file in files for version in KUBERNETES),
            pool.submit(_tool, "yamllint", "--strict", "-c", "deploy/checks/yamllint.yaml", *_yaml_files()),
            pool.submit(_tool, "hadolint", "Dockerfile"),
            pool.submit(_tool, "docker-compose", "-f", "docker-compose.yml", "config", "--quiet"),
            pool.submit(_tool, "docker-compose", "-f", "deploy/local/compose.yaml", "config", "--quiet"),
        ]
        wrong = [said for check in checks for said in check.result()]
    for line in wrong:
        print(line, file=sys.stderr)
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "deploy/checks"], cwd=ROOT, check=False)
    print(f"manifests looked at in {time.monotonic() - started:.0f} s, {len(wrong)} complaints of tools")
    return 1 if wrong else tests.returncode


def _rendered(overlay: str, folder: Path) -> Path:
    file = folder / f"{Path(overlay).name}.yaml"
    file.write_text(kustomize(overlay), encoding="utf-8")
    return file


def _schemas(file: Path, version: str) -> list[str]:
    done = subprocess.run(
        [BIN / "kubernetes-validate", "--strict", "-k", version, file],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("INFO ")]
    return [
        f"{file.stem}, Kubernetes {version}: {line}"
        for line in lines
        if not (line.startswith("WARN ") and any(f"api version {group}/" in line for group in CUSTOM_GROUPS))
    ]


def _tool(name: str, *arguments: str) -> list[str]:
    done = subprocess.run([BIN / name, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    return [f"{name}: {line}" for line in said] or [f"{name} failed"] if done.returncode else []


def _yaml_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.yaml", "*.yml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = ("deploy/", "docker-compose.yml")
    return [name for name in listed.stdout.splitlines() if name.startswith(ours) and (ROOT / name).exists()]


if __name__ == "__main__":
    sys.exit(main())
