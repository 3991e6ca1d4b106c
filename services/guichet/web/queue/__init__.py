"""The queue's API and pages, the wall screen and what the visits of a day add up to."""
