"""How far long work has come: on a terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(name: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yield what is told the count so far; of ``total`` where that is known."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    words = "{task.description}: {task.completed:,.0f}" + (" of {task.total:,.0f}" if total else "") + f" {unit}"
    with Progress(SpinnerColumn(), TextColumn(words), TimeElapsedColumn(), console=Console(stderr=True),
                  transient=True, refresh_per_second=4) as progress:
        task = progress.add_task(name, total=total)
        yield lambda count: progress.update(task, completed=count)
