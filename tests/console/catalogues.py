"""Every text of the pages, and the catalogues of its translations.

``python -m tests.console.catalogues`` writes the texts that are missing into every catalogue, empty, and drops those
that no page uses any more. Translate the empty ones; ``test_i18n`` fails until none is left.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from hamsaya.console import i18n
from hamsaya.console.labels import LABELS

CONSOLE = Path(i18n.__file__).parent
TRANSLATED = [each for each in i18n.LANGUAGES.values() if each is not i18n.DEFAULT]
KEYWORDS = {"_": None, "N_": None, "text": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
HEADER = "# Texts of Hamsaya's pages. Licence: Apache-2.0.\n# Draft by a machine, not reviewed by a native speaker."


def texts() -> Catalog:
    """Return every text of templates, modules and labels, untranslated."""
    found = Catalog(project="hamsaya", header_comment=HEADER, charset="utf-8", fuzzy=False)
    options = {"**.html": {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for _, _, message, _, context in extract_from_dir(
        CONSOLE, method_map=METHODS, options_map=options, keywords=KEYWORDS
    ):
        found.add(message, context=context)
    for family, words in LABELS.items():
        for word in words.values():
            found.add(word, context=family)
    return found


def path(locale: str) -> Path:
    """Return where the catalogue of a locale lies."""
    return CONSOLE / "locale" / locale / "LC_MESSAGES" / "console.po"


def load(locale: str) -> Catalog:
    """Return the catalogue of a locale as its file has it."""
    with open(path(locale), "rb") as file:
        return read_po(file, locale)


def update(locale: str) -> None:
    """Bring the catalogue of a locale to the present texts; translations of unchanged texts stay."""
    kept = load(locale) if path(locale).exists() else Catalog(locale)
    fresh = Catalog(
        locale, project="hamsaya", version="console", header_comment=HEADER, msgid_bugs_address="see SECURITY.md",
        last_translator="machine draft", language_team="none", charset="utf-8", fuzzy=False,
        creation_date=kept.creation_date, revision_date=kept.creation_date,
    )
    for message in texts():
        if message.id:
            old = kept.get(message.id, message.context)
            fresh.add(message.id, old.string if old else None, context=message.context)
    path(locale).parent.mkdir(parents=True, exist_ok=True)
    with open(path(locale), "wb") as file:
        write_po(file, fresh, width=120, omit_header=False, sort_output=False)


if __name__ == "__main__":
    for each in TRANSLATED:
        update(each.locale)
        print(path(each.locale))
