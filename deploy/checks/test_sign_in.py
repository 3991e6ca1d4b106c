"""What an installation adds to sign in with its own provider: off everywhere else, and complete."""

import json
import os
import subprocess

from deploy.checks.flows import OUTSIDE, allowed, used
from deploy.checks.rendered import (
    BIN,
    COMPONENT,
    NAME,
    OVERLAYS,
    ROOT,
    WITH_SIGN_IN,
    everywhere,
    named,
    workloads,
)
from deploy.checks.test_settings import KNOWN

VARIABLE = "OIDC_CLIENT_SECRET"


def test_nobody_signs_in_elsewhere_unless_an_installation_says_so() -> None:
    for workload in everywhere():
        assert not {name for name in workload.settings() if name.startswith("OIDC_")}, workload
        assert VARIABLE not in workload.secret_files(), workload


def test_the_counters_web_processes_alone_hold_the_secret_which_the_vault_has() -> None:
    holders = {each.name for each in workloads(WITH_SIGN_IN) if VARIABLE in each.secret_files()}
    assert holders == {"guichet-web"}
    (web,) = [each for each in workloads(WITH_SIGN_IN) if each.name == "guichet-web"]
    assert web.secret_files()[VARIABLE] == ("sign-in", VARIABLE)
    external = named(WITH_SIGN_IN, "ExternalSecret", "sign-in")
    assert [each["secretKey"] for each in external["spec"]["data"]] == [VARIABLE]
    told = {name for name in web.settings() if name.startswith("OIDC_")}
    assert told == {"OIDC_ISSUER", "OIDC_CLIENT_ID"}
    assert told <= KNOWN


def test_they_reach_the_provider_and_nobody_else_does_for_it() -> None:
    policy = named(WITH_SIGN_IN, "NetworkPolicy", "sign-in-to-outside")["spec"]
    assert policy["podSelector"] == {"matchLabels": {NAME: "guichet", COMPONENT: "web"}}
    assert ("guichet-web", OUTSIDE, 443) in used(WITH_SIGN_IN)
    assert used(WITH_SIGN_IN) - allowed(WITH_SIGN_IN, "Egress") == set()
    assert used(WITH_SIGN_IN) - used("production") <= {("guichet-web", OUTSIDE, 443)}
    assert "production" in OVERLAYS


def test_compose_tells_the_web_process_alone_and_lets_it_out() -> None:
    files = ("docker-compose.yml", "deploy/compose/sign-in.yaml")
    command = [str(BIN / "docker-compose"), *(f"-f{name}" for name in files), "config", "--format", "json"]
    told = os.environ | {"OIDC_ISSUER": "https://login.example", "OIDC_CLIENT_ID": "guichet"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=told)
    parts = json.loads(done.stdout)["services"]
    telling = {name for name, part in parts.items() if "OIDC_ISSUER" in part.get("environment", {})}
    assert telling == {"guichet-web"}
    assert parts["guichet-web"]["environment"].keys() <= KNOWN
    assert parts["guichet-web"]["networks"].keys() == {"inside", "edge", "published"}
