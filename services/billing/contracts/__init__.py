"""What billing says to the other services, and what it reads of theirs."""
