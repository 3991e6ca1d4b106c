"""Secrets for a trial installation, made at random: what a vault holds elsewhere.

``python -m deploy.trial_secrets kubernetes`` prints them as Kubernetes Secrets, under the names and
keys the manifests refer to. ``… compose FOLDER`` writes each part's own into a folder of its own, as
docker-compose.yml mounts them; what is there stays.
"""

import base64
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.local.keys import AGENCIES
from shared.messaging import topology
from shared.settings import SERVICES
from shared.web.session import new_key_pair

Secrets = dict[str, dict[str, str]]

BROKER_ADMIN = "administrator"
NAMESPACE = "guichet-unique"


def make(*, database_host: str = "postgresql-rw", broker_host: str = "rabbitmq") -> Secrets:
    """Return every secret by name, each a mapping of keys to values."""
    private, public = new_key_pair()
    admin, superuser = _password(), _password()
    broker = f"{broker_host}:5672"
    documents_key, documents_secret = _password(), _password()
    encryption = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    made: Secrets = {
        "session": {"SESSION_PRIVATE_KEY": private, "SESSION_PUBLIC_KEY": public},
        "documents": {
            "DOCUMENT_KEYS": f"trial:{encryption}",
            "DOCUMENTS_S3_ACCESS_KEY": documents_key,
            "DOCUMENTS_S3_SECRET_KEY": documents_secret,
        },
        "objects": {"s3.json": _s3_users(documents_key, documents_secret)},
        "agencies": {"AGENCY_SECRETS": ",".join(f"{agency}:{_password()}" for agency in AGENCIES)},
        "mail": {"SMTP_USERNAME": "", "SMTP_PASSWORD": ""},
        "sms-gateway": {"SMS_GATEWAY_TOKEN": _password()},
        "rabbitmq-default-user": {
            "username": BROKER_ADMIN,
            "password": admin,
            "connection_string": f"amqp://{BROKER_ADMIN}:{admin}@{broker}/%2F",
        },
        "postgresql-superuser": {
            "password": superuser,
            "PG_ADMIN_URL": f"postgresql://postgres:{superuser}@{database_host}:5432/postgres",
        },
    }
    for service in SERVICES:
        role, password, broker_password = f"guichet_{service}", _password(), _password()
        made[f"{service}-database"] = {
            "username": role,
            "password": password,
            "DATABASE_URL": f"postgresql://{role}:{quote(password)}@{database_host}:5432/{role}",
            # None is on its way: docs/operations/secrets.md.
            "DATABASE_NEXT_PASSWORD": "",
        }
        made[f"{service}-broker"] = {
            "username": service,
            "password": broker_password,
            "AMQP_URL": f"amqp://{service}:{quote(broker_password)}@{broker}/%2F",
            "AMQP_NEXT_PASSWORD": "",
        }
    return made


def as_kubernetes(made: Secrets) -> dict[str, Any]:
    """Return a List for ``kubectl apply``."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "stringData": values,
        }
        for name, values in made.items()
    ]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return {"apiVersion": "v1", "kind": "List", "items": [namespace, *items]}


def for_compose(made: Secrets) -> dict[str, dict[str, str]]:
    """Return each part's files: a service sees its own, and nobody else's."""
    public = {"SESSION_PUBLIC_KEY": made["session"]["SESSION_PUBLIC_KEY"]}
    token, agencies = made["sms-gateway"], made["agencies"]
    parts = {
        service: {
            "DATABASE_URL": made[f"{service}-database"]["DATABASE_URL"],
            "AMQP_URL": made[f"{service}-broker"]["AMQP_URL"],
            **public,
        }
        for service in SERVICES
    }
    parts["guichet"] |= made["session"] | made["documents"] | agencies
    parts["notifications"] |= token
    passwords = {service: made[f"{service}-broker"]["password"] for service in SERVICES}
    parts["operations"] = {
        "PG_ADMIN_URL": made["postgresql-superuser"]["PG_ADMIN_URL"],
        "AMQP_ADMIN_URL": made["rabbitmq-default-user"]["connection_string"],
        **made["documents"],
    }
    for service in SERVICES:
        parts["operations"] |= {
            f"{service.upper()}_{name}": parts[service][name] for name in ("DATABASE_URL", "AMQP_URL")
        } | {f"{service.upper()}_AMQP_PASSWORD": passwords[service]}
    parts["postgresql"] = {"password": made["postgresql-superuser"]["password"]}
    parts["rabbitmq"] = {"definitions.json": _definitions(made, passwords)}
    parts["objects"] = made["objects"]
    parts["standins"] = token | agencies
    return parts


def write(folder: Path, parts: Mapping[str, Mapping[str, str]]) -> None:
    """Write each part's files, unless this was done before: running servers know those passwords."""
    done = folder / "operations" / "AMQP_ADMIN_URL"
    if done.exists():
        return
    # The last part is the one whose files say that all is there.
    for part in sorted(parts, key=lambda name: name == "operations"):
        for name, text in sorted(parts[part].items(), reverse=True):
            file = folder / part / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            # Each is mounted where its reader runs, and only there; readers have accounts of their own.
            file.chmod(0o444)


def _definitions(made: Secrets, passwords: Mapping[str, str]) -> str:
    """What the broker starts with: the project's users and policies, and somebody to administer it."""
    definitions = topology.definitions(passwords)
    admin = made["rabbitmq-default-user"]
    definitions["users"].append(
        {"name": admin["username"], "password": admin["password"], "tags": "administrator"}
    )
    definitions["permissions"].append(
        {"user": admin["username"], "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    )
    return json.dumps(definitions, indent=2)


def _s3_users(key: str, secret: str) -> str:
    credentials = [{"accessKey": key, "secretKey": secret}]
    users = [{"name": "counter", "credentials": credentials, "actions": ["Admin"]}]
    return json.dumps({"identities": users})


def _password() -> str:
    return secrets.token_urlsafe(24)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["kubernetes"]:
            print(json.dumps(as_kubernetes(make()), indent=2))
        case ["compose", folder]:
            write(Path(folder), for_compose(make(database_host="postgresql")))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
