"""Read by Python at its start in a run that is told another time (analysis/reproduce.py).

libfaketime 0.9 takes the days it is ahead from the end of a sleep too, and Python sleeps until a moment: every sleep
fails. select waits for a length of time instead.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


time.sleep = _sleep
