"""Domain events, the topics they are stored under, and the rules of their fields."""
