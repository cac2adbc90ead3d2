"""Items to rows and back, in any database."""
