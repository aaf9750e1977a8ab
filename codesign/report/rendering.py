"""Templates and images become one file that loads nothing."""

import base64
from collections.abc import Mapping
from typing import Any

import jinja2


def render(template: str, images: Mapping[str, bytes], **content: Any) -> str:
    """Fill a template of the report.

    Args:
        template: file name in ``templates``.
        images: SVG of every plot, by its name.
        content: what the template speaks of.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("codesign.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    encoded = {name: base64.b64encode(svg).decode("ascii") for name, svg in images.items()}
    return environment.get_template(template).render(images=encoded, **content)
