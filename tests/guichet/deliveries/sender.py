"""The sender of dossiers as a process of its own, to be killed: sends what is due, once."""

import os

from services.guichet.channels.dispatch import Dispatcher
from services.guichet.channels.settings import ChannelSettings
from shared.db import Database

if __name__ == "__main__":
    Dispatcher(Database(os.environ["GUICHET_DATABASE_URL"]), ChannelSettings.load()).deliver()
