"""The command line: parses, calls the library, prints; nothing else."""

import logging
import sys

import click

from codesign import __version__
from codesign.cli import steps
from codesign.cli.data import data
from codesign.cli.estimate import estimate
from codesign.cli.imports import import_
from codesign.cli.scan import scan
from codesign.cli.shared import INTERRUPTED, WRONG, PipelineGroup, example
from codesign.console import print_lines
from codesign.errors import CodesignError


@click.group(
    cls=PipelineGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example("codesign run examples/jet_tagging.toml"),
)
@click.version_option(__version__, prog_name="codesign")
@click.option("-v", "--verbose", is_flag=True, help="Show the library's log messages on stderr.")
def command(verbose: bool) -> None:
    """From physics data to verified trigger firmware.

    RUN is a run directory, or a configuration file whose run directory is made or taken up again.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(name)s: %(message)s")


for subcommand in (
    steps.run,
    data,
    import_,
    steps.train,
    steps.evaluate,
    steps.generate,
    steps.verify,
    steps.synth,
    steps.report,
    steps.diff,
    estimate,
    scan,
    steps.boards,
):
    command.add_command(subcommand)


def main() -> None:
    """Entry point: user errors become one readable message and exit status 2, never a traceback."""
    try:
        command(standalone_mode=False)
    except click.exceptions.Abort:
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG)
    except (CodesignError, OSError) as error:
        # An OSError is a path that cannot be made, read or written, or a full disk: the system's words say which.
        print_lines(f"error: {error}".splitlines(), error=True)
        sys.exit(WRONG)


def _interrupted() -> None:
    print_lines(["interrupted; the same command goes on with what is finished"], error=True)
    sys.exit(INTERRUPTED)
