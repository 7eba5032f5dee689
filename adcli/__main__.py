"""The way in, also of ``python -m adcli``: an interrupt ends quietly from the first import on."""

import sys
from typing import NoReturn

INTERRUPTED = 130  # that of adcli.cli.ExitCode, which may not be there yet


def main() -> NoReturn:
    """Import the command line, and run it."""
    try:
        from adcli.cli import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
