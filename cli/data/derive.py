"""Derives pulse.csv from data3.csv of heartpy 1.2.7: how the demo's recording came to be.

    pip download heartpy==1.2.7 --no-deps && unzip heartpy-1.2.7-py3-none-any.whl
    pip install heartpy==1.2.7 setuptools && python derive.py heartpy/data/data3.csv > pulse.csv

One row is one second: the pulse wave at 25 Hz (the mean of about four samples each, as a watch would store
it), and the heart rate that heartpy finds in the 30 seconds around it.
"""

import csv
import sys
import warnings
from datetime import datetime, timezone

import heartpy
import numpy

warnings.simplefilter("ignore")
RATE = 25
AROUND = 15


def seconds(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


with open(sys.argv[1], newline="") as file:
    rows = [(seconds(row["datetime"]), int(row["hr"])) for row in csv.DictReader(file)]
first, last = rows[0][0], rows[-1][0]
wave = numpy.array([value for _, value in rows], float)
# The clock of the recording ticks coarsely (15 ms) and its sensor evenly: place the samples evenly.
rate = (len(rows) - 1) / (last - first)
length = int(last - first)

print("time,heart_rate_bpm,ppg")
for second in range(length):
    around = wave[int(max(0, second - AROUND) * rate) : int(min(length, second + AROUND) * rate)]
    smooth = heartpy.filter_signal(around, [0.7, 3.5], rate, order=3, filtertype="bandpass")
    _, found = heartpy.process(smooth, rate)
    edges = [round((second + step / RATE) * rate) for step in range(RATE + 1)]
    samples = [round(float(wave[a:b].mean())) for a, b in zip(edges, edges[1:])]
    print(f"{int(first) + 1 + second},{found['bpm']:.1f},{' '.join(map(str, samples))}")
