"""The page on the price of compliance: live figures, a form that asks and changes nothing, and no guess anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.console.price import bars, settings_of
from hamsaya.console.problems import Trouble
from hamsaya.linkage.law import price as law_price
from hamsaya.node.price_page import NOUGHT, Question, page, question
from tests.console import scene


def asked() -> Question:
    return question(scene.federation().node("pk"))


def test_a_promise_has_the_price_of_its_own_panel_and_the_cost_its_benefits_sustain() -> None:
    """The page's figures are the law's: tau divided by (r + b)/(b - a), at the middle of every interval."""
    found = page(asked())
    (promise,) = found.promises
    assert (promise.commitment, promise.k, promise.seats, promise.rating) == ("EX-C-001", 3, 5, "NC")
    now = promise.now
    assert now.price.mid == pytest.approx(law_price(now.a.mid, now.b.mid, found.r.mid))
    assert now.cost_musd is not None and now.cost_musd.mid == pytest.approx(55.0 / now.price.mid)
    assert now.cost_musd.low < now.cost_musd.mid < now.cost_musd.high
    assert promise.after is None and sum(step.cheapest for step in promise.next) == 1


def test_a_setting_moves_the_figures_and_a_corridor_what_they_sustain() -> None:
    """One clause, one visit rate, one corridor: each of them shows."""
    settings = ["charter.finding.rule=negative-consensus", "visits=12", "flow.casa-1000.transit-fee-af=on"]
    (promise,) = page(asked(), settings).promises
    assert promise.after is not None and promise.after.b.mid > promise.now.b.mid
    assert promise.after.price.mid < promise.now.price.mid
    assert promise.after.cost_musd is not None and promise.now.cost_musd is not None
    assert promise.after.cost_musd.mid == pytest.approx(110.0 / promise.after.price.mid)


def test_what_people_live_on_is_no_lever() -> None:
    """A tranche of medicine tied to the promise adds nothing to what may be suspended."""
    frozen = asked()
    tranche = frozen.linkage.tranches["EX-T-001"]
    changed = type(tranche)(**{**{f: getattr(tranche, f) for f in tranche.__struct_fields__}, "goods": "medicine"})
    linkage = replace(frozen.linkage, tranches=frozen.linkage.tranches.set("EX-T-001", changed))
    (promise,) = page(frozen._replace(linkage=linkage)).promises
    assert promise.musd == NOUGHT and not promise.benefits[0].lever
    assert promise.now.cost_musd is not None and promise.now.cost_musd.mid == 0.0


def test_where_a_rule_lets_the_accused_block_nothing_can_be_bought() -> None:
    """The page says so instead of an enormous number."""
    (promise,) = page(asked(), ["charter.finding.rule=consensus"]).promises
    assert promise.after is not None and not promise.after.purchasable and promise.after.cost_musd is None
    console = scene.make_console(scene.federation().node("pk"))
    text = console.browser.get("/price?finding=consensus").text
    assert "not purchasable" in text and "no flow of benefits makes it worth keeping" in text


def test_the_form_refuses_what_it_cannot_read_and_says_why() -> None:
    """A typing mistake is answered on the page; nothing else than plain words gets as far as the node."""
    console = scene.make_console(scene.federation().node("pk"))
    wrong = console.browser.get("/price?panel=5-of-3")
    assert wrong.status_code == 200 and "This could not be worked out" in wrong.text
    for query in ("visits=<b>", "flow=flow.nobody.knows", "finding=" + "x" * 60):
        assert console.browser.get(f"/price?{query}").status_code == 400
    with pytest.raises(Trouble):
        settings_of({"visits": "1 2"}, [])
    assert settings_of({"visits": "12", "panel": ""}, [])[0] == ["visits=12"]


def test_the_bars_share_one_axis() -> None:
    """Promises can be compared by eye: the widest hazard of all fills the axis."""
    found = page(asked(), ["visits=12"])
    (rows,) = bars(found).values()
    assert [bar.name for bar in rows] == ["b", "a", "b-after", "a-after"]
    assert max(bar.high for bar in rows) == 600.0 and all(bar.low <= bar.mid <= bar.high for bar in rows)


@pytest.mark.parametrize("tag", ["ur", "fa", "ru", "zh-Hans"])
def test_the_page_speaks_every_language(tag: str) -> None:
    """The sentences are translated, not only the headings."""
    console = scene.make_console(scene.federation().node("pk"))
    text = console.browser.get(f"/price?visits=12&lang={tag}").text
    assert "A real breach costs" not in text and "What if" not in text
