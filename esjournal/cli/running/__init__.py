"""What each command does: it calls the journal, and renders what comes back. Loaded when the command is called."""
