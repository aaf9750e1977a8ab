"""Finds the top-level folders (templates, Tcl, benches) in a checkout, an editable install and a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def asset(name: str) -> Path:
    """Path of a top-level folder such as ``firmware_templates``.

    Raises:
        FileNotFoundError: neither the installed package nor the checkout holds the folder.
    """
    for candidate in (PACKAGE / name, PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name!r} stands neither in {PACKAGE} nor beside it: reinstall codesign")
