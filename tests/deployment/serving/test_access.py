"""Only this machine, unless more is asked for; no other site's page; no guessed token."""

import pytest

from assay.deployment.serving.access import Access, is_loopback
from deployment.serving.conftest import Served, Start

GET_ALL = ("/v2", "/v2/models/nearest-mean", "/v2/models/nearest-mean/ready", "/metrics", "/drift")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:99", "[::1]:8000", "[::1]"]
)
def test_this_machines_own_names_are_answered(served: Served, host: str) -> None:
    assert served.ask("GET", "/v2", Host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "",
             "localhost:x", "[::1", "::1]", "localhost,evil", "localhost@evil", "[::1].evil"],
)  # fmt: skip
def test_names_that_somebody_made_lead_here_are_refused(served: Served, host: str) -> None:
    """DNS rebinding: the browser sends the attacker's name."""
    status, record, _ = served.ask("GET", "/v2", Host=host)
    assert status == 421 and set(record) == {"error"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_pages_of_other_sites_cannot_make_a_browser_ask(served: Served, origin: str) -> None:
    for path in ("/predict", "/v2/models/nearest-mean/infer", "/v2/repository/index"):
        assert served.ask("POST", path, b"x", Origin=origin)[0] == 403
    assert served.ask("POST", "/predict", b"x", Sec_Fetch_Site="cross-site")[0] == 403
    own = f"http://127.0.0.1:{served.port}"
    assert served.ask("POST", "/v2/repository/index", b"", Origin=own, Sec_Fetch_Site="same-origin")[0] == 200


def test_every_answer_has_the_security_headers(served: Served) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/v2"),
        ("GET", "/nothing"),
        ("POST", "/predict"),
        ("GET", "/metrics"),
    ):
        headers = served.ask(method, path)[2]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert not any(name.lower().startswith("access-control") for name in headers)
        assert "server" not in headers


def test_a_token_is_wanted_for_all_but_health_and_the_empty_page(start: Start) -> None:
    served = start(access=Access.to("127.0.0.1", "s3cret"))
    for path in ("/v2/health/live", "/v2/health/ready", "/", "/page.js", "/page.css"):
        assert served.ask("GET", path)[0] == 200
    for path in GET_ALL:
        status, record, headers = served.ask("GET", path)
        assert status == 401 and set(record) == {"error"} and headers["www-authenticate"] == "Bearer"
        for wrong in ("Bearer s3cre", "Bearer s3crets", "s3cret", "Basic s3cret", "Bearer", "Bearer \xff"):
            assert served.ask("GET", path, Authorization=wrong)[0] == 401
        assert served.ask("GET", path, Authorization="Bearer s3cret")[0] == 200
        assert served.ask("GET", path, Authorization="bearer s3cret")[0] == 200
    for path in ("/predict", "/v2/models/nearest-mean/infer"):
        assert served.ask("POST", path, b"x")[0] == 401
    assert b"cat" not in served.ask("GET", "/")[1]


def test_which_hosts_a_server_in_a_network_knows() -> None:
    rule = Access.to("0.0.0.0", "t", ["Proxy.Example."])
    assert all(
        map(rule.knows, ("10.1.2.3:80", "[2001:db8::1]:80", "proxy.example", "proxy.example.", "localhost"))
    )
    assert not rule.knows("evil.example") and not rule.knows("10.1.2.3.evil.example")
    assert [is_loopback(one) for one in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.1", "localhost.example", "example.org")))
