"""Rules of what is told to whom, and of how a message travels. Standard library only."""
