"""Download of public data sets: the repository's own index gives sizes and checksums, a broken download resumes."""

import hashlib
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from codesign.errors import ConfigError, DataError
from codesign.naming import unknown_name
from codesign.progress import Progress, silent
from codesign.sections import Section, read_section

INDEXES = {
    "zenodo": "https://zenodo.org/api/records/{record}",
    "openml": "https://www.openml.org/api/v1/json/data/{record}",
}
TIMEOUT_S = 30
PIECE_BYTES = 1 << 20
PART_SUFFIX = ".part"


class PublicSource(Section):
    """A public data set.

    Attributes:
        name: name on the command line.
        format: format to convert it with.
        description: what it holds.
        index: repository that keeps it.
        record: its number there.
        citation: what to cite.
    """

    name: str
    format: str
    description: str
    index: Literal["zenodo", "openml"]
    record: str
    citation: str


class _SourceFile(Section):
    sources: tuple[PublicSource, ...]


@dataclass(frozen=True)
class RemoteFile:
    """A file of a public data set.

    Attributes:
        name: file name.
        url: where it lies.
        md5: checksum as 32 hexadecimal digits.
        size: bytes, or ``None`` where the index does not tell.
    """

    name: str
    url: str
    md5: str
    size: int | None


@cache
def load_sources() -> dict[str, PublicSource]:
    """Return the known public data sets by name."""
    file = read_section(_SourceFile, Path(__file__).with_name("sources.toml"), "table of public data sets")
    return {source.name: source for source in file.sources}


def fetch(
    name: str,
    folder: Path,
    *,
    files: tuple[str, ...] = (),
    indexes: Mapping[str, str] = INDEXES,
    progress: Progress = silent,
) -> list[Path]:
    """Download a public data set.

    A file that is there with the right checksum is not fetched again; a partial one (suffix ``.part``) is continued.

    Args:
        name: one of `load_sources`.
        folder: where the files go; made if missing.
        files: only these files of the data set; empty means all.
        indexes: address of each repository's index, with a hole for the record.
        progress: called with text, MB done and MB in all.

    Returns:
        The files.

    Raises:
        ConfigError: an unknown data set or file.
        DataError: no network, a wrong answer of the repository, a wrong checksum, or no room on the disk.
    """
    source = _source(name)
    listed = _list_files(source, indexes[source.index].format(record=source.record))
    wanted = {file.name: file for file in listed}
    for file_name in files:
        if file_name not in wanted:
            raise ConfigError(f"{name}: {unknown_name('file', file_name, wanted)}")
    chosen = [wanted[file_name] for file_name in files] or listed
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _require_room(folder, chosen)
        return [_fetch_file(file, folder / file.name, progress) for file in chosen]
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error}; the same command continues the download") from None


def _source(name: str) -> PublicSource:
    sources = load_sources()
    if name not in sources:
        raise ConfigError(unknown_name("public data set", name, sources))
    return sources[name]


def _list_files(source: PublicSource, url: str) -> list[RemoteFile]:
    """Ask the repository for the files of a record."""
    with _opened(url, {"Accept": "application/json"}) as answer:
        text = answer.read()
    try:
        content = json.loads(text)
        files = _zenodo_files(content) if source.index == "zenodo" else _openml_files(content)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{url}: expected the index of a record in JSON, found something else ({error!r})") from None
    if not files:
        raise DataError(f"{url}: the record has no files")
    return files


def _zenodo_files(content: Any) -> list[RemoteFile]:
    return [
        RemoteFile(_plain(entry["key"]), entry["links"]["self"], _md5(entry["checksum"]), int(entry["size"]))
        for entry in content["files"]
    ]


def _openml_files(content: Any) -> list[RemoteFile]:
    entry = content["data_set_description"]
    url: str = entry["url"]
    return [RemoteFile(_plain(PurePosixPath(url).name), url, _md5(entry["md5_checksum"]), None)]


def _plain(name: str) -> str:
    """Return a file name that stays in its folder, whatever the index says."""
    if name != PurePosixPath(name).name or name in ("", ".", ".."):
        raise ValueError(f"file name {name!r}")
    return name


def _md5(text: str) -> str:
    digits = text.removeprefix("md5:").lower()
    if len(digits) != 32 or int(digits, 16) < 0:
        raise ValueError(f"checksum {text!r}")
    return digits


def _require_room(folder: Path, files: list[RemoteFile]) -> None:
    """Refuse a download that cannot fit, before it begins."""
    missing = sum(file.size or 0 for file in files if not (folder / file.name).exists())
    begun = sum(path.stat().st_size for path in folder.glob(f"*{PART_SUFFIX}"))
    free = shutil.disk_usage(folder).free
    if missing - begun > free:
        raise DataError(
            f"{folder}: the download needs {(missing - begun) / 1e9:,.1f} GB, the disk has {free / 1e9:,.1f} GB free; "
            "choose single files or another folder"
        )


def _fetch_file(file: RemoteFile, path: Path, progress: Progress) -> Path:
    """Download one file, unless it is there."""
    if path.exists():
        if _digest(path) == file.md5:
            progress(f"{file.name}: already there", 1, 1)
            return path
        raise DataError(
            f"{path}: expected md5 {file.md5}, found another; move it away, it is not what the repository has"
        )
    part = path.with_name(path.name + PART_SUFFIX)
    _download(file, part, progress)
    if (found := _digest(part)) != file.md5:
        part.unlink()
        raise DataError(f"{file.url}: expected md5 {file.md5}, found {found}; deleted, repeat the command")
    part.replace(path)
    return path


def _download(file: RemoteFile, part: Path, progress: Progress) -> None:
    """Append what is missing to a partial file."""
    begin = part.stat().st_size if part.exists() else 0
    if file.size is not None and begin >= file.size:
        return
    with _opened(file.url, {"Range": f"bytes={begin}-"} if begin else {}) as answer:
        resumed = answer.status == 206
        total = file.size or (begin if resumed else 0) + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if resumed else "wb") as output:
            try:
                while piece := answer.read(PIECE_BYTES):
                    output.write(piece)
                    progress(file.name, output.tell() // 10**6, total // 10**6)
            except (HTTPException, TimeoutError, ConnectionError) as error:
                raise _broken(file.url, error, "the same command continues the download") from None
            received = output.tell()
    if total and received < total:
        raise _broken(file.url, f"{received:,} of {total:,} bytes", "the same command continues the download")


def _opened(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "codesign", **headers})
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        raise _broken(url, f"{error.code} {error.reason}", "try later, or fetch the file by hand") from None
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise _broken(url, getattr(error, "reason", error), "is there a network?") from None
    return answer


def _broken(url: str, what: object, advice: str) -> DataError:
    return DataError(f"{url}: download failed: {what}; {advice}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
