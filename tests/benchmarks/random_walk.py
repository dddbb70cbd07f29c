"""A worker of a race that does as much work a step as it is told, and falls over if it is told none."""

import time

from benchmarks.rounds import Rounds, job

if __name__ == "__main__":
    asked = job()
    rounds = Rounds(asked["round_seconds"])
    print("this is not an answer")
    rounds.begin()
    while True:
        time.sleep(0.005)
        rounds.step(asked["stride"])
