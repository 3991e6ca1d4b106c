"""Imported first by the programs: the garbage collector rests until :func:`shared.settling.settle`.

What a program makes while it starts stays as long as the program; to go through it again and again for the
little that does not takes a sixth of the start.
"""

import gc

gc.disable()
