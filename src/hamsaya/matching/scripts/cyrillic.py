"""The Cyrillic script as Russian, Tajik, Kazakh, Kyrgyz and Uzbek write it; й, ӣ and ӯ are letters of their own."""

from __future__ import annotations

from hamsaya.matching.scripts import script

TABLE = script(
    """
    дж чж ж ҷ г ғ ґ ҕ җ = G
    дз цз = Z G
    б п = B
    т д = T
    з ҙ = Z
    с ш щ ҫ = S
    ц = S C
    ч = C
    к қ ҡ ҝ = K
    х ҳ һ = H
    л = L
    м = M
    н ң ҥ = N
    р = R
    ф = F
    кс = KS
    """,
    heads={"A": "аеёиоуыэюяйіїєәөүұўӯӣӑӗ", "V": "в"},
)
