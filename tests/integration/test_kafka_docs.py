"""The pages of the documentation whose reader starts brokers."""

import pytest

from support import chat
from support.doc_pages import Reader
from support.pgcluster import Workspace
from test_e2e_docs import PAGES, of_tier, with_brokers


@pytest.mark.parametrize("page", of_tier(page for page in PAGES if with_brokers(page)))
def test_page_ends_where_it_says(page):
    space = Workspace("docs")
    reader = Reader(space.path, chat.binary())
    try:
        reader.follow(page)
        reader.end()
    finally:
        reader.close()
        space.close()


def test_there_is_one():
    assert [page.stem for page in PAGES if with_brokers(page)] == ["migrate"]
