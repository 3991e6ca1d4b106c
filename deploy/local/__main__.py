"""`python -m deploy.local run|demo|reset`: what make calls once the checkout is prepared."""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from deploy.local import given
from deploy.local.addresses import ACCOUNTS
from deploy.local.processes import LocalError
from deploy.local.servers import remove_data
from deploy.local.stack import ROOT, Stack
from deploy.local.story import Story, StoryFailed
from shared.settings import SERVICES

RUN = ROOT / ".run"
KEPT_BY_RESET = {"logs", "bootstrap.lock", "pycache"}
# What databases elsewhere need: keys, the documents they know, the events on their way to them.
OF_GIVEN_DATABASES = {"keys.json", "documents", "servers", "servers.json", given.NOTE}
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    commands = {"run": run, "demo": demo, "reset": reset}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: python -m deploy.local {'|'.join(commands)}", file=sys.stderr)
        return 2
    # The system's time-zone files may be older than Morocco's return to UTC+0.
    zoneinfo.reset_tzpath(to=())
    for number in STOPPING:
        signal.signal(number, _interrupt)
    try:
        return commands[arguments[0]]()
    except LocalError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


def run() -> int:
    """Start everything, play the story, stay up."""
    with _one_at_a_time():
        stack = Stack(RUN, lasting=True)
        ended = threading.Event()
        started = time.monotonic()
        try:
            stack.start()
            print(_where(stack, time.monotonic() - started), flush=True)
            # The main thread watches; a story that fails is told, and the product stays up to be looked at.
            threading.Thread(target=_play, args=(stack,), daemon=True).start()
            stack.watch(ended)
        except KeyboardInterrupt:
            print("\nStopping…", flush=True)
        finally:
            _ignore_signals()
            stack.stop()
    print("Stopped. The data is kept: make run goes on with it, make reset empties it.")
    return 0


def demo() -> int:
    """The story on a throwaway stack; 0 only when every step was seen."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-demo-"))
    stack = Stack(folder, lasting=False)
    outcome: list[bool] = []
    ended = threading.Event()

    def play() -> None:
        outcome.append(_play(stack))
        ended.set()

    try:
        stack.start()
        threading.Thread(target=play, daemon=True).start()
        stack.watch(ended)
    finally:
        _ignore_signals()
        stack.stop()
        if outcome == [True]:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"The logs are in {folder / 'logs'}", file=sys.stderr)
    return 0 if outcome == [True] else 1


def reset() -> int:
    """Forget the data of `run`."""
    if not RUN.exists():
        return 0
    with _one_at_a_time():
        elsewhere = given.noted(RUN)
        own = "PostgreSQL" not in elsewhere
        kept = KEPT_BY_RESET if own else KEPT_BY_RESET | OF_GIVEN_DATABASES
        remove_data(RUN, broker=own)
        for path in RUN.iterdir():
            if path.name in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "run.lock":
                path.unlink()
    print(_not_emptied(elsewhere) if elsewhere else "Emptied: the next make run starts afresh.")
    return 0


def _not_emptied(elsewhere: dict[str, list[str]]) -> str:
    """What a reset leaves alone: servers we were given are not ours to empty."""
    lines = ["Emptied what is here. What is on servers that make run was given stays:"]
    if "PostgreSQL" in elsewhere:
        names = ", ".join(f"guichet_{service}" for service in SERVICES)
        lines.append(f"  - PostgreSQL ({', '.join(elsewhere['PostgreSQL'])}): the databases {names}")
    if "RabbitMQ" in elsewhere:
        lines.append(
            f"  - RabbitMQ ({', '.join(elsewhere['RabbitMQ'])}): the queues, with what waits in them"
        )
    if "PostgreSQL" in elsewhere:
        lines += [
            "Their documents and the keys to them are kept, in .run/documents and .run/keys.json;",
            f"once you have dropped those databases, remove these two and .run/{given.NOTE}, too.",
        ]
    return "\n".join(lines)


def _play(stack: Stack) -> bool:
    try:
        Story(stack.addresses).play()
    except StoryFailed as failure:
        print(f"\n✗ {failure}\n", file=sys.stderr, flush=True)
        return False
    return True


def _where(stack: Stack, seconds: float) -> str:
    addresses = stack.addresses
    lines = ["", f"Guichet Unique is up, after {seconds:.1f} s: {addresses.web_url}", ""]
    lines += [f"  sign in as  {email:<46} ({role})" for role, email in ACCOUNTS.items()]
    lines += [
        f"  password    {addresses.demo_password}",
        "",
        f"  mails sent  {addresses.mail_url}/messages",
        f"  SMS sent    {addresses.sms_url}/sms",
        f"  all addresses are in {_short(stack.folder / 'endpoints.env')}, logs in {_short(stack.logs)}/",
        "",
        "Ctrl-C stops everything it started.",
    ]
    if not addresses.own_broker:
        lines.append(
            "The broker is yours: without the policies of deploy/rabbitmq/broker.yaml (guichet broker "
            "definitions) a message that kills its worker again and again may be dropped."
        )
    return "\n".join(lines)


def _short(path: Path) -> str:
    return os.path.relpath(path)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Only one `run` (or `reset`) may own the checkout's data."""
    RUN.mkdir(exist_ok=True)
    with (RUN / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LocalError("make run is already up in this checkout: stop it first") from None
        yield


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """A second Ctrl-C must not leave half of it running."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
