"""Downloads from a server on the loopback interface that answers as Zenodo and OpenML do."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from codesign.data.fetch import fetch, load_sources
from codesign.data.formats.registry import FORMATS
from codesign.errors import ConfigError, DataError

CONTENT = {"a.h5": bytes(range(256)) * 9000, "b.h5": b"second file"}


class Server(ThreadingHTTPServer):
    """Files, an index of them, and the ways in which a server fails."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = dict(CONTENT)
        self.checksums = {name: hashlib.md5(data).hexdigest() for name, data in CONTENT.items()}
        self.index_text = None
        self.cut_after = None
        self.ranges = True
        self.requests = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def index(self, kind):
        if self.index_text is not None:
            return self.index_text
        if kind == "openml":
            entry = {"url": f"{self.address}/files/b.h5", "md5_checksum": self.checksums["b.h5"]}
            return json.dumps({"data_set_description": entry})
        files = [
            {
                "key": name,
                "links": {"self": f"{self.address}/files/{name}"},
                "checksum": f"md5:{self.checksums[name]}",
                "size": len(data),
            }
            for name, data in CONTENT.items()
        ]
        return json.dumps({"files": files})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        _, kind, name = self.path.split("/")
        if kind in ("zenodo", "openml"):
            return self.answer(200, self.server.index(kind).encode())
        if name not in self.server.content:
            return self.send_error(404, "Not Found")
        data, status = self.server.content[name], 200
        if self.server.ranges and (asked := self.headers.get("Range")):
            data, status = data[int(asked.removeprefix("bytes=").rstrip("-")) :], 206
        return self.answer(status, data, self.server.cut_after)

    def answer(self, status, data, cut_after=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:cut_after])


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, folder, name="jetnet", **options):
    indexes = {kind: f"{server.address}/{kind}/{{record}}" for kind in ("zenodo", "openml")}
    return fetch(name, folder, indexes=indexes, **options)


def test_all_files_of_a_record_arrive_whole(server, tmp_path):
    calls = []
    paths = get(server, tmp_path / "new", progress=lambda *call: calls.append(call))
    assert {path.name: path.read_bytes() for path in paths} == CONTENT
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.h5", "b.h5"]
    assert ("a.h5", 2, 2) in calls
    assert server.requests[0][0] == "/zenodo/6975118"


def test_the_other_repository_tells_no_size(server, tmp_path):
    (path,) = get(server, tmp_path, name="openml-jets")
    assert path.read_bytes() == CONTENT["b.h5"]
    assert server.requests[0][0] == "/openml/42468"


def test_only_the_files_asked_for(server, tmp_path):
    assert [path.name for path in get(server, tmp_path, files=("b.h5",))] == ["b.h5"]
    with pytest.raises(ConfigError, match=r"unknown file 'c\.h5'"):
        get(server, tmp_path, files=("c.h5",))


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    get(server, tmp_path)
    server.requests.clear()
    get(server, tmp_path)
    assert [path for path, _ in server.requests] == ["/zenodo/6975118"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_is_continued(server, tmp_path, ranges):
    server.cut_after = 100_000
    with pytest.raises(DataError, match=r"a\.h5: download failed: .*the same command continues the download"):
        get(server, tmp_path, files=("a.h5",))
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5.part"]
    begun = (tmp_path / "a.h5.part").stat().st_size
    assert begun == 100_000
    server.cut_after, server.ranges = None, ranges
    (path,) = get(server, tmp_path, files=("a.h5",))
    assert path.read_bytes() == CONTENT["a.h5"]
    assert server.requests[-1] == ("/files/a.h5", f"bytes={begun}-")


def test_a_wrong_checksum_is_refused_and_the_file_deleted(server, tmp_path):
    server.content["b.h5"] = b"second fils"
    with pytest.raises(DataError, match=r"expected md5 .*, found .*; deleted, repeat the command"):
        get(server, tmp_path, files=("b.h5",))
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_other_content_is_not_overwritten(server, tmp_path):
    (tmp_path / "b.h5").write_text("mine")
    with pytest.raises(DataError, match="it is not what the repository has"):
        get(server, tmp_path, files=("b.h5",))
    assert (tmp_path / "b.h5").read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "{}",
        '{"files": [{"key": "../../etc/passwd", "links": {"self": "x"}, "checksum": "md5:'
        + "0" * 32
        + '", "size": 1}]}',
        '{"files": [{"key": "a", "links": {"self": "x"}, "checksum": "none", "size": 1}]}',
    ],
)
def test_an_index_that_is_none_is_refused(server, tmp_path, text):
    server.index_text = text
    with pytest.raises(DataError, match="expected the index of a record in JSON"):
        get(server, tmp_path)


def test_a_missing_file_and_no_server_are_one_line(server, tmp_path):
    del server.content["a.h5"]
    with pytest.raises(DataError, match="download failed: 404 Not Found"):
        get(server, tmp_path)
    with pytest.raises(DataError, match=r"download failed: .*is there a network"):
        fetch("jetnet", tmp_path, indexes={"zenodo": "http://127.0.0.1:9/{record}"})


def test_a_disk_that_is_too_small_is_told_before_the_download(server, tmp_path):
    index = json.loads(server.index("zenodo"))
    index["files"][0]["size"] = 10**18
    server.index_text = json.dumps(index)
    with pytest.raises(DataError, match=r"the download needs 1,000,000,000\.0 GB"):
        get(server, tmp_path)


def test_an_unknown_data_set_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown public data set 'jetnt'.*jetnet"):
        fetch("jetnt", tmp_path)


@pytest.mark.parametrize("source", load_sources().values(), ids=load_sources())
def test_every_public_data_set_has_a_reader(source):
    assert source.format in FORMATS
    assert "doi" in source.citation or "arXiv" in source.citation
