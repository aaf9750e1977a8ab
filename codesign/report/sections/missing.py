"""A chapter whose step has not run."""

from codesign.report.blocks import Paragraph, Section


def not_run(identifier: str, title: str, command: str) -> Section:
    """The chapter with the command that would fill it.

    Args:
        identifier: anchor.
        title: heading.
        command: subcommand of ``codesign``.
    """
    return Section(
        identifier, title, (Paragraph(f"Not run. To fill this chapter: codesign {command} RUN_DIRECTORY", "missing"),)
    )
