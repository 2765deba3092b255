import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from assay.core.errors import AssayError
from assay.core.events import ignore
from assay.data.storage.download import download

CONTENT = bytes(range(256)) * 64


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path that is asked for."""

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        kind, _, argument = self.path.strip("/").partition("/")
        getattr(self, f"answer_{kind}")(argument)

    def send(
        self, body: bytes, length: int, content_type: str = "application/gzip", status: int = 200
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def answer_good(self, _: str) -> None:
        self.send(CONTENT, len(CONTENT))

    def answer_missing(self, _: str) -> None:
        self.send(b"", 0, status=404)

    def answer_cut(self, sixteenths: str) -> None:
        self.send(CONTENT[: len(CONTENT) * int(sixteenths) // 16], len(CONTENT))

    def answer_html(self, content_type: str) -> None:
        self.send(b" <!DOCTYPE html><p>sign in</p>", 30, content_type.replace(".", "/"))

    def answer_to(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module", params=["http", "https"])
def server(request, authority) -> Iterator[str]:
    """The address of a local server."""
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if request.param == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"{request.param}://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def get(server, authority, tmp_path, monkeypatch):
    """Download a path of the server into `tmp_path/out/file`."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    (tmp_path / "out").mkdir()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def download_path(path: str, largest: int = len(CONTENT)) -> Path:
        target = tmp_path / "out" / "file"
        download(f"{server}/{path}", target, largest, ignore, str(tmp_path / "ca.pem"))
        return target

    return download_path


def refused(get, path: str, exit_code: int, **options: int) -> AssayError:
    with pytest.raises(AssayError) as caught:
        get(path, **options)
    assert caught.value.exit_code == exit_code
    return caught.value


def nothing_is_left(tmp_path: Path) -> bool:
    return not list((tmp_path / "out").iterdir())


def test_a_file_arrives_whole(get):
    """The content is the server's, byte for byte."""
    assert get("good").read_bytes() == CONTENT


@pytest.mark.parametrize("sixteenths", range(16))
def test_a_download_cut_anywhere_leaves_nothing(get, sixteenths, tmp_path):
    """Cut at every 1/16: nothing under the final name, no litter; the next try succeeds."""
    refused(get, f"cut/{sixteenths}", 5)
    assert nothing_is_left(tmp_path)
    assert get("good").read_bytes() == CONTENT


@pytest.mark.parametrize("content_type", ["text.html", "application.gzip", "text.html;charset=utf-8"])
def test_a_page_instead_of_the_file_is_told(get, content_type, tmp_path):
    """HTML is recognized by its type or by its content."""
    error = refused(get, f"html/{content_type}", 4)
    assert error.code == "html-instead-of-file"
    assert "server returned HTML" in error.what
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/file",
        "https://localhost/good",
        "http://localhost/good",
        "//localhost/good",
        "https://127.0.0.1.example/good",
    ],
)
def test_redirects_elsewhere_are_refused(get, target, tmp_path):
    """Another host or scheme is never asked."""
    assert refused(get, f"to/{target}", 4).code == "redirect-refused"
    assert nothing_is_left(tmp_path)


def test_protection_is_never_given_up(get, server):
    """HTTPS to HTTP on the same host is refused; HTTP to HTTP is followed."""
    target = server.replace("https", "http") + "/good"
    if server.startswith("https"):
        assert refused(get, f"to/{target}", 4).code == "redirect-refused"
    else:
        assert get(f"to/{target}").read_bytes() == CONTENT


def test_redirects_on_the_same_host_are_followed_but_not_forever(get, server):
    """A circle ends."""
    assert get("to//good").read_bytes() == CONTENT
    Handler.answer_circle = lambda self, _: self.answer_to("/circle")  # type: ignore[attr-defined]
    assert refused(get, "circle", 4).code == "redirect-refused"


def test_a_file_that_is_not_there(get, tmp_path):
    """A 404 page is not the file."""
    assert "404" in refused(get, "missing", 5).what
    assert nothing_is_left(tmp_path)


def test_more_than_expected_is_refused(get, tmp_path):
    """One byte beyond the limit ends the download."""
    assert refused(get, "good", 4, largest=len(CONTENT) - 1).code == "hash-mismatch"
    assert nothing_is_left(tmp_path)


def test_an_unknown_certificate_is_not_trusted(server, tmp_path):
    """Without the authority's file, a local HTTPS server is nobody's."""
    if server.startswith("https"):
        with pytest.raises(AssayError) as caught:
            download(f"{server}/good", tmp_path / "file", len(CONTENT), ignore)
        assert "certificate" in caught.value.what


def test_a_closed_port_is_told(tmp_path):
    """No server: exit 5 at once."""
    with pytest.raises(AssayError) as caught:
        download("http://127.0.0.1:9/file", tmp_path / "file", 1, ignore)
    assert caught.value.code == "data-unavailable"
