"""The other side of each comparison: the same work, written the way it would be without the kernel.

Each file is one process, as short as its framework allows, tuned where its own documentation says so.
"""
