"""Passwords, keys and ports of a local stack: made once, kept in its folder, readable by its owner only."""

import base64
import json
import secrets
import subprocess
import sys
from pathlib import Path

from deploy.local.processes import LocalError, free_port
from deploy.local.servers import write_private

PREFERRED_PORTS = {"web": 8080, "smtp": 2525, "mail_http": 8025, "sms_http": 8026, "agency_http": 8027}

# Each may be reached online, with a secret no other agency knows.
AGENCIES = ("ompic", "cnss", "cimr", "legalisation", "anapec", "assurance", "expert-comptable")


class Keys:
    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._file = folder / "keys.json"
        self._known: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._root = root

    def secret(self, name: str) -> str:
        if name not in self._known:
            self._keep(name, secrets.token_hex(16))
        return self._known[name]

    def session_pair(self) -> tuple[str, str]:
        """The private and the public key of session tokens."""
        if "session_private" not in self._known:
            done = subprocess.run(
                [sys.executable, "-m", "shared.cli", "secrets", "new", "session"],
                cwd=self._root,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise LocalError(f"no session keys could be made:\n{done.stderr}")
            pair = dict(line.split("=", 1) for line in done.stdout.split())
            self._keep("session_private", pair["SESSION_PRIVATE_KEY"])
            self._keep("session_public", pair["SESSION_PUBLIC_KEY"])
        return self._known["session_private"], self._known["session_public"]

    def document_keys(self) -> str:
        """What documents are encrypted with: one key, in the form of ``DOCUMENT_KEYS``."""
        if "document_keys" not in self._known:
            key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            self._keep("document_keys", f"local:{key}")
        return self._known["document_keys"]

    def port(self, name: str, *, prefer_usual: bool) -> int:
        """The port used last when it is free, else the usual one, else any."""
        last = self._known.get(f"{name}_port")
        usual = PREFERRED_PORTS[name] if prefer_usual else None
        port = free_port(int(last) if last else None, usual)
        self._keep(f"{name}_port", str(port))
        return port

    def _keep(self, name: str, value: str) -> None:
        if self._known.get(name) != value:
            self._known[name] = value
            write_private(self._file, json.dumps(self._known, indent=2))
