"""Two journals side by side: what only one of them has, and what differs."""
