"""Our side of the relaying comparison: the product's relay process, nothing added."""

from benchmarks.workload import SERVICE
from shared.messaging.run_relay import run

if __name__ == "__main__":
    run([SERVICE])
