"""The process that prints: started by a document, gone when there is none, and of no harm when it dies."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.memory import family
from shared.printing import press as pressing
from shared.printing.press import Press, PrintingFailed
from tests.support.broker import eventually

PAGE = "<html><body><p>Technopark تكنوبارك</p></body></html>"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "page.css"
    path.write_text("body { color: #000; }", encoding="utf-8")
    return path


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    yield made
    if made.pid is not None:
        os.kill(made.pid, signal.SIGKILL)


def _started(press: Press, sheet: Path) -> int:
    """Have a document printed; the process that did."""
    press.pdf(PAGE, sheet)
    assert press.pid is not None
    return press.pid


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def _ended(pid: int) -> bool:
    """Gone, or dead and left to whoever looks after orphans here."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True


def test_documents_are_printed_by_one_process_that_is_not_this_one(press: Press, sheet: Path) -> None:
    assert press.pid is None
    with ThreadPoolExecutor(4) as hands:
        printed = list(hands.map(lambda _: press.pdf(PAGE, sheet), range(8)))
    assert all(pdf.startswith(b"%PDF-") for pdf in printed)
    assert press.pid is not None
    assert press.pid in family(os.getpid())
    assert "weasyprint" not in sys.modules


def test_it_ends_when_nothing_is_printed_and_the_next_document_starts_it_again(
    press: Press, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRINTING_IDLE_SECONDS", "0.2")
    first = _started(press, sheet)
    # Nobody prints meanwhile: it is noticed, and no dead entry stays in the list of processes.
    eventually(lambda: _gone(first))
    assert press.pdf(PAGE, sheet).startswith(b"%PDF-")
    assert press.pid != first


def test_a_document_is_printed_although_its_process_was_killed_over_it(
    press: Press, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _started(press, sheet)
    sent = pressing.send

    def send_to_a_dying_process(line: socket.socket, *parts: bytes) -> None:
        monkeypatch.setattr(pressing, "send", sent)
        os.kill(first, signal.SIGSTOP)
        sent(line, *parts)
        os.kill(first, signal.SIGKILL)

    monkeypatch.setattr(pressing, "send", send_to_a_dying_process)
    assert press.pdf(PAGE, sheet).startswith(b"%PDF-")
    assert press.pid != first


@pytest.mark.parametrize("program", ["/bin/false", "/no/such/program"])
def test_where_no_process_stays_to_print_it_is_said_and_the_next_document_is_tried_anew(
    press: Press, sheet: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(PrintingFailed, match="no process that prints stays"):
        press.pdf(PAGE, sheet)
    monkeypatch.undo()
    assert press.pdf(PAGE, sheet).startswith(b"%PDF-")


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_printed(
    press: Press, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _started(press, sheet)
    os.kill(slow, signal.SIGSTOP)
    monkeypatch.setattr(pressing, "LONGEST_SECONDS", 0.2)
    with pytest.raises(PrintingFailed, match="took more than"):
        press.pdf(PAGE, sheet)
    monkeypatch.undo()
    assert _gone(slow)
    assert press.pdf(PAGE, sheet).startswith(b"%PDF-")


def test_what_is_wrong_with_a_document_is_said_and_its_process_goes_on(press: Press, sheet: Path) -> None:
    with pytest.raises(PrintingFailed, match="FileNotFoundError"):
        press.pdf(PAGE, sheet.with_name("absent.css"))
    pid = press.pid
    assert press.pdf(PAGE, sheet).startswith(b"%PDF-")
    assert press.pid == pid


def test_it_knows_no_secret_of_the_process_it_prints_for(
    press: Press, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", "postgresql://billing:secret@127.0.0.1/billing")
    monkeypatch.setenv("SESSION_PRIVATE_KEY", "secret")
    press.pdf(PAGE, sheet)
    told = Path(f"/proc/{press.pid}/environ").read_text(encoding="utf-8")
    assert "PATH=" in told
    assert "secret" not in told


def test_it_ends_with_the_process_that_started_it(sheet: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from shared.printing.press import Press\n"
        f"press = Press()\npress.pdf({PAGE!r}, Path(sys.argv[1]))\n"
        "print(press.pid, flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(sheet)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    eventually(lambda: _ended(pid))
