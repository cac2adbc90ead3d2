"""The command line: parse, call the journal, render. All of Typer and Rich is here."""
