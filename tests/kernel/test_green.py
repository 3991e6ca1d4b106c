"""A worker's green threads."""

import subprocess
import sys

WAITING_LOOKUP = """
import os
read, write = os.read, os.write  # the real ones: they stop every green thread
import shared.messaging.greened
import _socket, eventlet, socket
asked, told = os.pipe()
find = _socket.getaddrinfo
def lookup(*arguments, **named):
    read(asked, 1)
    return find(*arguments, **named)
_socket.getaddrinfo = lookup
eventlet.spawn(lambda: write(told, b"."))
listening = eventlet.listen(("127.0.0.1", 0))
socket.create_connection(listening.getsockname()[:2]).close()
eventlet.spawn(lambda: write(told, b"."))
print(socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4])
"""


def test_who_looks_up_a_name_stops_nobody_else() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WAITING_LOOKUP],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("('127.0.0.1', 80)", "")
