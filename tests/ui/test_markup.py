"""Text of strangers stays text; links stay on this server."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textinv_app.ui.markup import Html, button, esc, join, named, safe_url, tag


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _parse(html: str) -> _Collector:
    collector = _Collector()
    collector.feed(html)
    collector.close()
    return collector


@given(st.text())
def test_any_text_in_an_element_stays_text(text: str) -> None:
    parsed = _parse(tag("p", text, named(text)))
    assert [name for name, _ in parsed.tags] == ["p", "bdi"]


@given(st.text(alphabet=st.characters(blacklist_categories=["Cc", "Cs", "Cf"])))
def test_any_text_in_an_attribute_stays_one_attribute(text: str) -> None:
    parsed = _parse(tag("button", "x", data_name=text, title=text))
    ((_, attributes),) = parsed.tags
    assert set(attributes) == {"data-name", "title"}
    assert attributes["data-name"] == text


def test_characters_that_hide_or_reorder_a_name_are_left_out() -> None:
    assert esc("photo\u202egnp.exe\u200b\x00") == "photognp.exe"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "https://elsewhere.example/x.png",
        "//elsewhere.example/x.png",
        "/\\elsewhere.example",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/svg+xml;base64,AAAA",
        "vbscript:x",
    ],
)
def test_links_that_leave_this_server_are_dropped(url: str) -> None:
    assert safe_url(url) == ""
    assert 'src=""' in tag("img", src=url)
    assert 'href=""' in tag("a", "x", href=url)


@pytest.mark.parametrize("url", ["/media/abc", "/fr/", "#train", "data:image/webp;base64,AAAA"])
def test_links_into_this_server_are_kept(url: str) -> None:
    assert safe_url(url) == url


def test_only_markup_of_ours_passes_unescaped() -> None:
    assert join(["<b>", Html("<i>x</i>"), None]) == "&lt;b&gt;<i>x</i>"
    assert tag("input", checked=True, disabled=False, value=None) == "<input checked>"


def test_a_button_says_what_it_does() -> None:
    html = button("Stop", "run.stop", data_id='r"1')
    (_, attributes), *_ = _parse(html).tags
    assert attributes["data-do"] == "run.stop"
    assert attributes["data-id"] == 'r"1'
