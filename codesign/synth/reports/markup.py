"""Fields of the XML reports of Vivado HLS and Vitis HLS."""

from xml.etree import ElementTree

from codesign.errors import ReportError


def read_profile(text: str, kind: str, *sections: str) -> ElementTree.Element:
    """The root of an HLS report in XML.

    Args:
        text: the report.
        kind: what the report is called in errors.
        sections: elements that tell this report from the others.

    Raises:
        ReportError: the text is no whole XML document, or another one.
    """
    try:
        root = ElementTree.fromstring(text.strip())
    except ElementTree.ParseError as error:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = repr(lines[-1][:80]) if lines else "nothing"
        raise ReportError(
            f"{kind}: expected a whole XML document, found a text that ends with {last}: {error}"
        ) from None
    except ValueError as error:
        raise ReportError(f"{kind}: expected an XML document, found a text that cannot be one: {error}") from None
    missing = [section for section in sections if root.find(section) is None]
    if root.tag != "profile" or missing:
        found = ", ".join(child.tag for child in root)[:120]
        raise ReportError(f"{kind}: expected <profile> with {', '.join(sections)}, found <{root.tag}> with {found}")
    return root


def field(root: ElementTree.Element, path: str, kind: str) -> str:
    """Text of an element that every complete report has.

    Raises:
        ReportError: the element is missing, or stands twice with different texts.
    """
    text = optional_field(root, path, kind)
    if text is None:
        raise ReportError(f"{kind}: expected the element {path}, found none")
    return text


def optional_field(root: ElementTree.Element, path: str, kind: str) -> str | None:
    """Text of an element, None where there is no such element.

    Raises:
        ReportError: the element stands twice with different texts.
    """
    texts = sorted({(element.text or "").strip() for element in root.findall(path)})
    if len(texts) > 1:
        raise ReportError(f"{kind}: expected one {path}, found {' and '.join(texts)}")
    return texts[0] if texts else None


def require_unit(root: ElementTree.Element, path: str, unit: str, kind: str) -> None:
    """Refuse a report in another unit than the one its fields are read in.

    Raises:
        ReportError: the element ``unit`` there is missing or holds something else.
    """
    found = field(root, f"{path}/unit", kind)
    if found != unit:
        raise ReportError(f"{kind}: expected {path} in {unit!r}, found {found!r}")
