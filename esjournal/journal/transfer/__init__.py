"""Events on their way into a journal and out of it: import, export and copy, and the proof of a copy."""
