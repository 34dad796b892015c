"""Where processes are killed: (step, how many times it is reached first), as the pipelines number their steps."""

STEPS = [f"receive.{number}" for number in range(1, 12)] + ["commit", "committed"]
RECEIVED_AT_ONCE = (1, 5, 5, 2, 4)  # 17 envelopes in five groups, so five commits.
_COMMITS = (1, 2, 3, 4, 5)
KILLS = [(step, count) for step in STEPS for count in (_COMMITS if step.startswith("commit") else (1, 4, 9, 14))]
STREAM_KILLS = [(step, count) for step in STEPS for count in ((1,) if step.startswith("commit") else (2, 12))]
OUTSIDE_KILLS = 12

SEND_STEPS = [f"send.{number}" for number in range(1, 9)] + ["commit", "committed"]
SENT_AT_ONCE = (1, 4, 3, 4)
_OTHERS = (1, 5, 10)
SEND_KILLS = [
    (step, count) for step in SEND_STEPS for count in ((1, 2, 4) if step.startswith("commit") else _OTHERS)
]
SETTLE_KILLS = [(step, count) for step in ("commit", "committed") for count in (1, 2, 3)]
