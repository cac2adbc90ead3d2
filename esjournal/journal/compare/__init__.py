"""Two journals side by side: what is in one of them only, and what differs."""
