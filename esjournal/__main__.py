"""The program: `esjournal`, or `python -m esjournal`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line, and end with its exit code."""
    try:
        # Loading takes a while, and whoever presses Ctrl-C meanwhile wants no traceback either: all of it is in here.
        from esjournal.cli.interruption import end_on_termination, repeat_lost_interruptions
        from esjournal.cli.streams import buffer_stdout, open_closed_streams

        repeat_lost_interruptions()
        open_closed_streams()
        buffer_stdout()
        from esjournal.cli.app import app

        # Not before: Python loses what a handler raises while it compiles, and there is nothing to roll back yet.
        end_on_termination()
        app(prog_name="esjournal")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except RuntimeError as error:
        # So Python 3.11 names an interruption while a class is made, which loading mostly is.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        sys.exit(INTERRUPTED)
    sys.exit(0)


if __name__ == "__main__":
    main()
