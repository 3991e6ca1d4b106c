"""The ``guichet`` command: what operations do from a shell."""
