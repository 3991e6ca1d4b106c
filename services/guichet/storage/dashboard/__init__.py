"""What a period adds up to: read from kept days and from what is still going on, and how days are kept."""

from services.guichet.storage.dashboard.months import keep_months
from services.guichet.storage.dashboard.reading import Delay, Figures, Only, Period, Volume, Waiting, figures
from services.guichet.storage.dashboard.rolling import (
    Mark,
    Progress,
    advance,
    first_instant,
    keep_days,
    progress,
    take_marks,
)

__all__ = [
    "Delay",
    "Figures",
    "Mark",
    "Only",
    "Period",
    "Progress",
    "Volume",
    "Waiting",
    "advance",
    "figures",
    "first_instant",
    "keep_days",
    "keep_months",
    "progress",
    "take_marks",
]
