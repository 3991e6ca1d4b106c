"""What booking says to the other services, and what it reads of what they say."""
