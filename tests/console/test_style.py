"""The style sheet: contrast in both colour schemes, as WCAG 2.2 counts it."""

from __future__ import annotations

import re

import pytest

from hamsaya.console.app import STATIC

TEXT = [("ink", "paper"), ("ink", "sheet"), ("soft", "paper"), ("soft", "sheet"), ("soft", "plain-ground"),
        ("link", "paper"), ("link", "sheet"), ("good", "good-ground"), ("caution", "caution-ground"),
        ("alarm", "alarm-ground"), ("brand-ink", "brand"), ("brand-soft", "brand")]
SHAPES = [("focus", "paper"), ("focus", "sheet"), ("hatch", "sheet"), ("hatch", "cell"), ("deaths", "cell"),
          ("soft", "cell"), ("strong-line", "sheet"), ("exercise", "brand")]


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of the light and of the dark scheme by name."""
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "console.css").read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (SHAPES, 3.0)], ids=["text", "shapes"])
def test_contrast_suffices(scheme: str, pairs: list[tuple[str, str]], least: float) -> None:
    """Old screens, sunlight and tired eyes: text needs 4.5 to 1, marks and lines that mean something 3 to 1."""
    colours = schemes()[scheme]
    weak = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < least} == {}
