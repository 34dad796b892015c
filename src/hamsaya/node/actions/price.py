"""The price of compliance as this node knows it: the charter in effect, its own record, and what-if."""

from __future__ import annotations

from hamsaya.node.actions.table import Action, Args, question
from hamsaya.node.core import Node
from hamsaya.node.observed import observed
from hamsaya.node.price_setup import setup_of
from hamsaya.node.standing import standing
from hamsaya.node.what_if import WhatIf, what_if


class WhatIfArgs(Args, frozen=True):
    """Settings NAME=VALUE, in order; ``live``: whether the node's own record moves the published priors."""

    settings: list[str] = []
    live: bool = True


def _what_if(node: Node, args: WhatIfArgs) -> WhatIf:
    seen = observed(node.agreement.priors if args.live else {}, standing(node), node.state.linkage,
                    node.clock.now())
    priors = {**node.agreement.priors, **seen.priors}
    return what_if(setup_of(node.agreement.charter.document, priors, seen=seen.words), args.settings)


ACTIONS: dict[str, Action] = {"what-if": Action(WhatIfArgs, question(_what_if))}
