"""Every command in the documentation is typed as it stands, page by page; pages with brokers are in test_kafka_docs.py."""

import re
import subprocess

import pytest

from support import chat
from support.doc_pages import Reader, blocks, untold
from support.pgcluster import Workspace
from support.tandem import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([DOCS / "tutorial.md", DOCS / "runbook.md", DOCS / "containers.md", *(DOCS / "howto").glob("*.md")])


SHORT = ("tutorial", "runbook", "monitor")  # the default tier types these, tools/test --long docs all


def of_tier(pages):
    return [pytest.param(page, id=page.stem, marks=[] if page.stem in SHORT else [pytest.mark.long]) for page in pages]


def with_brokers(page):
    return re.search("tools/stack (start|reset) --kafka", page.read_text()) is not None


@pytest.fixture
def reader():
    space = Workspace("docs")
    made = Reader(space.path, chat.binary())
    yield made
    made.close()
    space.close()


@pytest.mark.parametrize("page", of_tier(page for page in PAGES if not with_brokers(page)))
def test_page_ends_where_it_says(reader, page):
    reader.follow(page)
    reader.end()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_no_command_is_left_out(page):
    assert untold(page) == []


def test_the_runbook_has_every_state_of_the_code():
    found = re.search(r"enum class direction_state \{(.*?)\}", (ROOT / "engine/core/stats.hpp").read_text(), re.S)
    states = re.findall(r"\w+", found[1])
    assert len(states) >= 9
    headings = re.findall(r"^## `(\w+)`", (DOCS / "runbook.md").read_text(), re.M)
    assert [state for state in states if state not in headings] == []


def test_the_runbook_has_every_alert():
    alerts = re.findall(r"alert: (\w+)", (ROOT / "tools/deploy/observe/rules.yml").read_text())
    assert len(alerts) == 12
    told = set(re.findall(r"`(Tandem\w+)`", (DOCS / "runbook.md").read_text()))
    assert told == set(alerts)


def test_the_reference_is_what_the_program_says():
    done = subprocess.run([str(ROOT / "tools/reference"), "--check"], capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_lead_somewhere():
    """Between pages, and to files of the tree."""
    broken = []
    for page in [*PAGES, *DOCS.glob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_a_reader_notices(tmp_path):
    """What the reader of a page holds against it, on a page with each fault."""
    for text, fault in (("```sh run\nfalse\n```\n", "failed"),
                        ("```sh run\necho one\n```\n```text expect\ntwo\n```\n", "does not show"),
                        ("```sh run status=3\ntrue\n```\n", "ended with 0")):
        page = ROOT / "build" / "page.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(text)
        folder = tmp_path / fault.replace(" ", "_")
        folder.mkdir()
        reader = Reader(folder)
        with pytest.raises(AssertionError, match=fault):
            reader.follow(page)
        reader.close()
    page.write_text("```sh\nls\n```\n")
    assert untold(page) == ["build/page.md:1"] and len(blocks(page)) == 1
    page.unlink()
