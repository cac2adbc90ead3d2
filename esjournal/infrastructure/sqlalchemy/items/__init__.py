"""Items to rows and back, for both databases."""
