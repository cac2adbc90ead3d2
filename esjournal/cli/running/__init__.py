"""The bodies of the commands: each calls the journal and renders the result. Loaded when the command is called."""
