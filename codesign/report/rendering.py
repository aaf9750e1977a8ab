"""Templates and images become one file that loads nothing."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from codesign.report.plots.style import TIP

SCRIPT = "plots.js"


def render(template: str, images: Mapping[str, bytes], **content: Any) -> str:
    """Fill a template of the report.

    A plot with marks that say something stands in the page as SVG, with a few lines of script that show it; any other
    plot is an image.

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
    inline = {name: inline_svg(name, svg.decode()) for name, svg in images.items() if f'id="{TIP}'.encode() in svg}
    script = environment.get_template(SCRIPT).render() if inline else ""
    return environment.get_template(template).render(
        images=encoded, inline=inline, script=Markup(script), script_hash=_hash(script), **content
    )


def inline_svg(name: str, svg: str) -> Markup:
    """An SVG file as part of a page: without prologue, its ids made unique, its tips where the script finds them."""
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(rf'id="{TIP}([^"]*)"', r'data-tip="\1" tabindex="-1"', body)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{name}-", body)
    return Markup(body)


def _hash(script: str) -> str:
    """What a content security policy calls this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
