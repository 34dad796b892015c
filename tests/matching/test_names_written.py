"""From written names to words: every keyboard's letters in one form, compounds joined, titles gone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.matching.names_joined import PINYIN
from hamsaya.matching.names_skeleton import MAX_CODES, READINGS, skeletons
from hamsaya.matching.names_written import MAX_WORDS, folded, words_of
from hamsaya.matching.scripts import words

ALIKE = {
    "Arabic and Persian ya and kaf": ("علي كريمي", "علی کریمی"),
    "Urdu heh": ("فاطمہ", "فاطمه"),
    "Pashto ya": ("احمدي", "احمدۍ"),
    "alef with and without its sign": ("أحمد آصف", "احمد اصف"),
    "vowel signs and tatweel": ("مُحَمَّـد", "محمد"),
    "presentation forms": ("ﻣﺤﻤﺪ", "محمد"),
    "a non-joiner stands inside a word": ("علی‌رضا", "علیرضا"),
    "yo without dots": ("Королёв", "Королев"),
    "apostrophes": ("Sa'id", "Sa’id"),
    "brackets and digits": ("Ahmad (1957) Zahir", "Ahmad Zahir"),
    "the surname first with a comma": ("ZAHIR, Ahmad", "Ahmad Zahir"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_these_are_one_spelling(one: str, other: str) -> None:
    """Keyboards differ; the name does not."""
    assert [word.text for word in words_of(one)] == [word.text for word in words_of(other)]


COMPOUNDS = [
    ("Abd al-Rahman", "Abdul Rahman", "Abdurrahman", "Abderrahmane", "عبد الرحمن", "عبدالرحمان", "Абдурахман",
     "Абдурраҳмон", "Абд ар-Рахман"),
    ("Siraj ud-Din", "Sirajuddin", "Seraj al-Deen", "سراج الدين", "سراج‌الدین", "Сираджуддин", "Сироҷиддин"),
    ("Habib Ullah", "Habibullah", "حبیب الله", "حبيب اللہ", "حبیب‌الله", "Хабибулла"),
    ("Abu Bakr", "Abubakar", "Abou Bekr", "ابو بکر", "أبو بكر", "ابوبکر", "Абубакр", "Абу Бакр"),
    ("Akhund Zada", "Akhundzada", "آخوند زاده", "آخوندزاده", "Ахундзаде"),
    ("Zia ul-Haq", "Ziaul Haq", "ضیاء الحق"),
]


@pytest.mark.parametrize("spellings", COMPOUNDS, ids=lambda spellings: spellings[0])
def test_compounds_have_one_skeleton_however_divided(spellings: tuple[str, ...]) -> None:
    """Articles assimilate, words join and split: the first reading or the second must agree for all."""
    shared = {tuple(skeletons(word)[0] for word in words_of(spellings[0]))}
    for spelling in spellings[1:]:
        found = words_of(spelling)
        readings = {tuple(skeletons(word)[min(n, len(skeletons(word)) - 1)] for word in found) for n in range(READINGS)}
        assert shared & readings, (spelling, readings)


def test_titles_go_where_a_name_remains() -> None:
    """A title alone stays: somebody may be entered as Haji and nothing else."""
    assert [word.text for word in words_of("Haji Mullah Ahmad")] == ["ahmad"]
    assert [word.text for word in words_of("Haji")] == ["haji"]
    assert [word.weak for word in words_of("Ahmad Khan")] == [False, True]


def test_letters_are_not_marks() -> None:
    """Under NFD й and ӣ fall apart; taking their marks off would make other letters of them."""
    assert folded(unicodedata.normalize("NFD", "Айнӣ")) == "айнӣ"


def test_chinese_is_one_in_three_scripts() -> None:
    """Han letters, pinyin and the Russian spelling; a known pair of letters is one family name."""
    for spellings in (("钱学森", "Qian Xuesen", "Цянь Сюэсэнь"), ("司马迁", "Sima Qian", "Сыма Цянь")):
        assert len({words_of(spelling) for spelling in spellings}) == 1
        assert {word.script for word in words_of(spellings[0])} == {PINYIN}


def test_every_word_of_the_tables_is_written_as_names_are_folded() -> None:
    """A title in a form that folding never yields would never be recognised."""
    tables = (words.TITLES, words.WEAK, words.PARTICLES, words.SERVANT, words.FATHER, words.FAITH, words.GOD,
              words.CHILD, words.FIXED)
    wrong = {word for table in tables for word in table if folded(word).replace("آ", "ا").replace("أ", "ا") != word}
    assert not wrong


@given(st.text(max_size=400))
def test_any_text_becomes_words_of_bounded_size(text: str) -> None:
    """Whatever arrives ends in few short skeletons of known codes, and the spelling's normal form does not matter."""
    found = words_of(text)
    assert len(found) <= MAX_WORDS
    assert all(len(skeleton) <= MAX_CODES and set(skeleton) <= set("ABCFGHKLMNRSTVZ")
               for word in found for skeleton in skeletons(word))
    assert all(1 <= len(skeletons(word)) <= READINGS for word in found)
    for form in ("NFC", "NFD"):
        assert words_of(unicodedata.normalize(form, text)) == found
