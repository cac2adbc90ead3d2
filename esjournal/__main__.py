"""The program: `esjournal`, or `python -m esjournal`."""

import sys

# As in esjournal.cli.exits, which is not loaded yet.
STORE = 5
INTERRUPTED = 130
# What the completion scripts call. They wait for the answer, which needs none of the command line.
FOR_SHELLS = ["completion", "values"]


def main() -> None:
    """Run the command line, and end with its exit code."""
    try:
        # Loading takes a while, and Ctrl-C must not print a traceback meanwhile: so it is all in here.
        from esjournal.cli.loading import pause_collector

        pause_collector()
        if sys.argv[1:3] == FOR_SHELLS:
            from esjournal.cli.completionvalues import print_values

            if print_values(sys.argv[3:]):
                sys.exit(0)
        from esjournal.cli.signals import end_while_loading, repeat_lost_interruptions
        from esjournal.cli.standardstreams import (
            buffer_stdout,
            keep_to_ascii_in_the_locale_c,
            lose_messages_that_cannot_be_printed,
            open_closed_streams,
        )

        end_while_loading()
        repeat_lost_interruptions()
        open_closed_streams()
        keep_to_ascii_in_the_locale_c()
        buffer_stdout()
        lose_messages_that_cannot_be_printed()
        from esjournal.cli.app import app
        from esjournal.cli.unexpected import say_what_threads_raise

        say_what_threads_raise()
        app(prog_name="esjournal")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        # Python 3.11 turns what a signal raises into a RuntimeError while a class is created: a driver has many.
        interruption = error.__cause__ if isinstance(error, RuntimeError) else None
        if isinstance(interruption, KeyboardInterrupt):
            sys.exit(INTERRUPTED)
        if isinstance(interruption, SystemExit):
            sys.exit(interruption.code)
        from esjournal.cli.unexpected import say_unexpected

        say_unexpected(error)
        sys.exit(STORE)
    sys.exit(0)


if __name__ == "__main__":
    # `python -m` puts the working folder first, which has the user's data, not our libraries.
    if not sys.flags.safe_path:
        del sys.path[0]
    main()
