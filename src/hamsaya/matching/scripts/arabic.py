"""The Arabic script as Arabic, Persian, Dari, Urdu and Pashto write it; presentation forms are folded before."""

from __future__ import annotations

from hamsaya.matching.scripts import script

TABLE = script(
    """
    ب پ ٻ ڀ = B
    ت ټ ٹ ط د ډ ڈ ڌ = T
    ث = T S
    ذ ض = T Z
    ظ = Z T
    ج ژ ږ گ غ ڠ ݢ = G
    ګ = G K
    چ = C S
    څ س ص ش = S
    ښ = S H
    ځ ز = Z
    ح خ ه ہ = H
    کھ كھ = K H
    ر ړ ڑ ڕ = R
    ف ڤ ڥ = F
    ق ك ک ڪ = K
    ل ڵ = L
    م = M
    ن ڼ ں ڻ ڭ ݣ = N
    """,
    heads={"A": "اأإآٱءئؤعیيىۍېےۓ", "V": "وۋۇۆۈ"},
    silent_end="هةہۀۂۃھە",
)
