#!/usr/bin/env python3
"""Makes airports.csv and airlines.csv from the packages they come from. See README.md.

    python3 reduce.py --airports airportsdata-20260905-py3-none-any.whl \\
                      --airlines aircodes-1.3.16.tgz

Needs nothing beyond Python's own library, reads nothing but the two packages and the two
*-corrections.csv beside it, and writes the same bytes each time.
"""

import argparse
import csv
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path, header, rows):
    for row in rows:
        for field in row:
            # The reader in the crate knows no escapes, on purpose.
            if '"' in field or "\n" in field or field != field.strip():
                raise SystemExit(f"{path.name}: field {field!r} has a quote, a line break or space around it")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


# ---- airports ---------------------------------------------------------------------------------

# Words that upstream abbreviates or spells oddly in airport names.
NAME_WORDS = [
    (r"\bIntcntl/Houston\b", "Intercontinental"),
    (r"\bIntcntl\b", "Intercontinental"),
    (r"\bNtl\b", "National"),
    (r"\bAfb\b", "AFB"),
    (r"\bLaguardia\b", "LaGuardia"),
    (r"\bTf Green\b", "T. F. Green"),
    (r"^Okc ", ""),
    (r"\bInternational International\b", "International"),
    (r"\bMc ([A-Z])", r"Mc\1"),
    (r"\bMac Arthur\b", "MacArthur"),
    (r"\s+", " "),
]

# What is left of an airport's name when these are taken away is a place; for the airports that
# upstream gives no city.
NAME_KINDS = re.compile(
    r"\s*\b(International|Intl|Regional|National|Domestic|Municipal|Memorial|County|Airport|"
    r"Airfield|Airstrip|Aerodrome|Air Base|AFB|Heliport|Seaplane Base|Station|Field|New)\b"
)

# Countries whose particles upstream writes with capitals ("Rio De Janeiro").
PARTICLE_COUNTRIES = {"AR", "BO", "BR", "CL", "CO", "CR", "CU", "EC", "ES", "GT", "MX", "PE", "PT", "UY", "VE"}


def tidy_name(name):
    name = name.replace('"', "'")
    for pattern, replacement in NAME_WORDS:
        name = re.sub(pattern, replacement, name)
    return name.strip()


def tidy_city(city, name, country):
    if not city:
        city = NAME_KINDS.sub("", re.sub(r"\(.*?\)", "", name).split("/")[0]).strip() or name
    city = re.sub(r" Airport$", "", city)
    city = re.sub(r"\s*\(.*?\)", "", city)
    # "Toulouse/Blagnac" is the city and the village of the runway. In the United States the second
    # is more often a city of its own, so a short pair stays.
    parts = [part.strip() for part in city.split("/") if part.strip()]
    if country == "US" and len("/".join(parts)) <= 24:
        city = "/".join(parts)
    else:
        city = parts[0]
    if country == "ID":
        city = re.sub(r"(,\s*|-)[^,-]*\bIsland$", "", city)
    if country in {"ES", "GR"}:
        city = re.sub(r" Island$", "", city)
    if country in {"KR", "TW"}:
        city = re.sub(r" City$", "", city)
    if country in PARTICLE_COUNTRIES:
        city = re.sub(r" (De|Do|Da|Dos|Das|Del) ", lambda m: m.group(0).lower(), city)
    city = re.sub(r"\bMc ([A-Z])", r"Mc\1", city)
    return city.strip()


def airports(package):
    with zipfile.ZipFile(package) as wheel:
        source = io.TextIOWrapper(wheel.open("airportsdata/airports.csv"), encoding="utf-8", newline="")
        rows = [row for row in csv.DictReader(source) if row["iata"]]
        source = io.TextIOWrapper(wheel.open("airportsdata/iata_macs.csv"), encoding="utf-8", newline="")
        metropolis = {row["Airport Code"]: row["City Name"] for row in csv.DictReader(source)}
    corrected = {row["iata"]: row["city"] for row in read_csv(HERE / "airports-corrections.csv")}
    unknown = set(corrected) - {row["iata"] for row in rows}
    if unknown:
        raise SystemExit(f"airports-corrections.csv names airports upstream does not have: {sorted(unknown)}")
    kept = []
    for row in rows:
        iata, name, country = row["iata"], tidy_name(row["name"]), row["country"]
        city = corrected.get(iata) or tidy_city(metropolis.get(iata) or row["city"], name, country)
        kept.append((iata, name, city, country, row["tz"]))
    kept.sort()
    for before, after in zip(kept, kept[1:]):
        if before[0] == after[0]:
            raise SystemExit(f"two airports are {after[0]}")
    for iata, name, city, country, zone in kept:
        if not (re.fullmatch("[A-Z]{3}", iata) and name and city and re.fullmatch("[A-Z]{2}", country) and zone):
            raise SystemExit(f"{iata} is incomplete: {name!r} {city!r} {country!r} {zone!r}")
    write_csv(HERE / "airports.csv", ["iata", "name", "city", "country", "zone"], kept)
    return len(kept)


# ---- airlines ---------------------------------------------------------------------------------

LEGAL_TAIL = re.compile(
    r"[\s,]+(?:Inc|Ltd|Ltda|Limited|LLC|LLP|LP|Corp|Corporation|Company|Co|Pty|PTY|Pte|Plc|PLC|plc|p\.l\.c|P\.L\.C|"
    r"S\.A\.U|SAU|S\.A\.S|SAS|S\.A\.C|S\.A|SA|S A|S/A|S\.p\.A|SpA|S\.r\.l|S\.R\.L|s\.r\.l|Srl|SRL|s\.r\.o|SAC|Kft|S\.a\.r\.l|S\.L\.U|S\.L|SL|"
    r"GmbH|GmBH|AG|ApS|A/S|A\.S|a\.s|AS|ASA|AB|Oyj|Oy|OU|OÜ|N\.V|NV|B\.V|BV|B\.S\.C|Q\.C\.S\.C|G\.S\.C|PJSC|OJSC|CJSC|JSC|"
    r"d\.o\.o|o\.o\.d|E\.o\.o\.d|sh\.p\.k|Shpk|hf|C\.A|de C\.V|Sdn|Bhd|Sdn\.Bhd|Berhad|SOC|Sp\. ?z\.? ?o\.?o|sp\. z\.o\.o|"
    r"spol|SIA|Public|Joint Stock|Joint|Limited Liability|Private|Pvt|Holding|Holdings|PT|P\.T|LLC|"
    r"\([A-Z]{3,6}\)|\(SOC\)|\(Pty\)|\(Pvt\)|\(Private\)|\(U\.K\.?\)|\(K\))\.?$"
)
LEGAL_HEAD = re.compile(
    r"^(?:Open Joint Stock Company|Closed Joint Stock Company|Joint Stock Aviation Company|Joint Stock Company|"
    r"Limited Liability Company|Private Stock Company|PJSC|OJSC|CJSC|JSC|LLC|OOO|UAB|SC|M/S|PT\.?|P\.T\.|Aircompany)\s+"
)


def tidy_airline(name):
    """The trading name of "X S.A. d/b/a Y" is Y; legal forms are not part of a name."""
    name = re.sub(r"\s+", " ", name).replace('"', "").strip()
    trading = re.split(r"\b(?:d/b/a/?|dba|t/a)\s+", name, flags=re.IGNORECASE)
    name = trading[-1].strip() or name
    while True:
        shorter = LEGAL_TAIL.sub("", name).strip(" ,.")
        shorter = LEGAL_HEAD.sub("", shorter) or shorter
        if shorter == name or not shorter:
            return name
        name = shorter


def airlines(package):
    with tarfile.open(package) as archive:
        source = json.load(archive.extractfile("package/data/airlines.json"))
    corrections = read_csv(HERE / "airlines-corrections.csv")

    # Reservation systems (1A..1Z) are assigned airline codes and fly nothing.
    rows = [
        (row["iata"].rstrip("*"), row["icao"], tidy_airline(row["name"]), row["iata"].endswith("*"))
        for row in source
        if not row["iata"].startswith("1")
    ]
    corrected_icao = {row["icao"] for row in corrections if row["icao"]}
    claimed_iata = {row["iata"] for row in corrections if row["iata"] and row["name"] != "-"}
    dropped = {row["iata"] for row in corrections if row["name"] == "-" and not row["icao"]}
    kept, held = [], set()
    for row in corrections:
        if row["name"] != "-":
            kept.append((row["iata"], row["icao"], row["name"]))
    # The order decides who keeps a shared IATA code: see README.md, "Two airlines, one code".
    rows.sort(key=lambda row: (row[0], row[3], row[1] == "", row[1], row[2]))
    for iata, icao, name, _ in rows:
        if icao in corrected_icao or (not icao and iata in dropped | claimed_iata):
            continue
        if iata in held or iata in claimed_iata:
            iata = ""
        held.add(iata)
        if iata or icao:
            kept.append((iata, icao, name))
    # The ICAO code must tell one airline, too.
    by_icao = {}
    for row in sorted(kept, key=lambda row: (row[0] == "", row)):
        if row[1] and row[1] in by_icao:
            continue
        by_icao[row[1] or row[0]] = row
    kept = sorted(set(by_icao.values()), key=lambda row: (row[0] or row[1], row))
    for iata, icao, name in kept:
        if not (re.fullmatch("([A-Z0-9]{2})?", iata) and re.fullmatch("([A-Z]{3})?", icao) and name):
            raise SystemExit(f"bad airline row: {iata!r} {icao!r} {name!r}")
    taken = [row[0] for row in kept if row[0]]
    if len(taken) != len(set(taken)):
        raise SystemExit(f"IATA codes given twice: {sorted(code for code in taken if taken.count(code) > 1)}")
    write_csv(HERE / "airlines.csv", ["iata", "icao", "name"], kept)
    return len(kept)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--airports", required=True, help="the wheel of airportsdata")
    arguments.add_argument("--airlines", required=True, help="the tarball of aircodes")
    given = arguments.parse_args()
    print(f"airports.csv: {airports(given.airports)} rows")
    print(f"airlines.csv: {airlines(given.airlines)} rows")


if __name__ == "__main__":
    main()
