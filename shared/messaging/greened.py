"""Makes the threads of a process green; imported before everything else where nameko runs.

Names are looked up as every other program of the machine does it, in a thread that may wait for seconds.
eventlet's own resolver asks the name servers itself, whatever ``nsswitch.conf`` says, and takes 17 MB and a
third of the time a worker needs to start.
"""

import os

os.environ["EVENTLET_NO_GREENDNS"] = "yes"
# A lookup precedes a connection: a few an hour, and each thread has a stack.
os.environ["EVENTLET_THREADPOOL_SIZE"] = "2"

import eventlet

# Must precede every other import: sockets imported before the patch would stay blocking.
eventlet.monkey_patch()

import socket  # noqa: E402
from functools import partial  # noqa: E402

import eventlet.green.socket  # noqa: E402
from eventlet import tpool  # noqa: E402

socket.getaddrinfo = eventlet.green.socket.getaddrinfo = partial(tpool.execute, socket.getaddrinfo)
