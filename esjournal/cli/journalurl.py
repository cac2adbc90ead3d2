"""Where the journal is if no option says it. Loads nothing else, so that completing stays fast."""

URL_VARIABLE = "ESJOURNAL_URL"
DEFAULT_URL = "sqlite:///esjournal.db"
