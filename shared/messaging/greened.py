"""Makes the threads of a process green; imported before everything else where nameko runs.

Names are looked up as every other program of the machine does it, in a thread that may wait for seconds.
eventlet's own resolver asks the name servers itself, whatever ``nsswitch.conf`` says, and takes 17 MB and a
third of the time a worker needs to start.
"""

import os
import socket
from functools import partial

os.environ["EVENTLET_NO_GREENDNS"] = "yes"
# A lookup precedes a connection: a few an hour, and each thread has a stack.
os.environ["EVENTLET_THREADPOOL_SIZE"] = "2"

# These read the settings above when they are imported.
import eventlet
import eventlet.green.socket
from eventlet import tpool

# Must precede every other import: sockets imported before the patch would stay blocking.
eventlet.monkey_patch()

socket.getaddrinfo = eventlet.green.socket.getaddrinfo = partial(tpool.execute, socket.getaddrinfo)
