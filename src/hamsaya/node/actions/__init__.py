"""Everything an operator or officer may ask of a running node, in one table: name, arguments, result.

The command line, the control API and the console all go through here. An action is either a question on committed
state or an act through the service; what is said to others always leaves through the send pipeline. Each module of
this folder holds the actions of one subject.
"""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.node.actions import (
    agreement,
    alerts,
    cases,
    clocks,
    files,
    log,
    matching,
    operating,
    oversight,
    picture,
    price,
    sending,
    staff,
    talk,
)
from hamsaya.node.actions.table import Action, question
from hamsaya.node.exporting import MaterialArgs, material
from hamsaya.node.service import Service

ACTIONS: dict[str, Action] = {
    **operating.ACTIONS,
    **log.ACTIONS,
    **agreement.ACTIONS,
    **sending.ACTIONS,
    **staff.ACTIONS,
    **cases.ACTIONS,
    **oversight.ACTIONS,
    **clocks.ACTIONS,
    **files.ACTIONS,
    **talk.ACTIONS,
    **picture.ACTIONS,
    **alerts.ACTIONS,
    "joint-material": Action(MaterialArgs, question(material)),
    **matching.ACTIONS,
    **price.ACTIONS,
}


async def perform(service: Service, name: str, arguments: bytes) -> bytes:
    """Run one action on JSON arguments and return its result as JSON.

    Raises:
        PeerError: no such action, or arguments that do not fit (``bad-arguments``).
        HamsayaError: whatever the action refuses.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise PeerError(f"expected one of {', '.join(sorted(ACTIONS))}", code="unknown-action")
    try:
        args = msgspec.json.decode(arguments or b"{}", type=action.args)
    except msgspec.DecodeError as error:
        raise PeerError(f"the arguments of {name} do not fit: {error}", code="bad-arguments") from None
    return msgspec.json.encode(await action.run(service, args))
