"""Lager de oppdiktede leveransene i veiledningen docs/ny-kohort.md: python docs/eksempel/lag_leveranser.py

Alle personer, kontorer og tall er laget av en tilfeldighetsgenerator med fast startverdi. Filene er like hver gang.
"""

import math
import random
from datetime import date, timedelta
from pathlib import Path

HER = Path(__file__).resolve().parent


def sannsynlighet(logit):
    """Fra logit til en andel mellom 0 og 1."""
    return 1 / (1 + math.exp(-logit))


def jobbveiledning():
    """600 personer som startet i mai 2023. Veiledningen løfter andelen i arbeid med 15 prosentpoeng etter et år."""
    tilfeldig = random.Random(20261122)
    linjer = ["Løpenr;Gruppe;Kjønn;Alder;Måneder ledig;Arbeid mai 2022;Arbeid mai 2023;Arbeid mai 2024"]
    for nummer in range(1, 601):
        alder = tilfeldig.randint(20, 60)
        ledig = round(tilfeldig.uniform(0, 24), 1)
        arbeid = sannsynlighet(-0.4 - 0.06 * (ledig - 12) - 0.01 * (alder - 40))
        med = tilfeldig.random() < sannsynlighet(-1.1 + 0.05 * (ledig - 12) - 0.01 * (alder - 40))
        sjanser = (arbeid, arbeid, arbeid + 0.15 * med)
        utfall = [int(tilfeldig.random() < sjanse) for sjanse in sjanser]
        felt = [f"L{nummer:05}", "M" if med else "U", tilfeldig.choice("KM"), alder, str(ledig).replace(".", ",")]
        linjer.append(";".join(map(str, [*felt, *utfall])))
    return {"jobbveiledning/leveranse.csv": (linjer, "iso-8859-1")}


def periode(tilfeldig, start, andel, maaneder):
    """Et arbeidsforhold fra en dag etter `start`, eller ingenting: den som får arbeid, beholder det ut uttrekket."""
    if tilfeldig.random() >= andel:
        return None
    return start + timedelta(days=tilfeldig.randint(20, 30 * maaneder - 40))


def dato(dag):
    """Norsk dato; tom når det ikke er noen."""
    return "" if dag is None else f"{dag:%d.%m.%Y}"


def kontorforsok():
    """16 kontorer, 8 trukket ut ved lodd, 15 personer ved hvert. Innsatsen løfter andelen med 20 prosentpoeng."""
    tilfeldig = random.Random(20261123)
    numre = [f"{nummer:04}" for nummer in range(301, 317)]
    trukket = set(tilfeldig.sample(numre, 8))
    kontorer, personer = (
        ["Kontornr;Fylke;Brukere per veileder"],
        ["Løpenr;Kontor;Trukket;Startdato;Alder;Utvandret;Død"],
    )
    arbeid = ["Løpenr;Fra dato;Til dato"]
    for plass, kontor in enumerate(numre):
        kontorer.append(f"{kontor};Fylke {'AB'[plass % 2]};{tilfeldig.randint(60, 120)}")
        nivaa = 0.3 + tilfeldig.gauss(0, 0.04) + 0.2 * (kontor in trukket)
        for nummer in range(15):
            hvem = f"K{plass * 15 + nummer + 1:04}"
            start = date(2023, 1, 2) + timedelta(days=tilfeldig.randint(0, 150))
            borte = date(2023, 12, 1) if tilfeldig.random() < 0.01 else None
            gruppe = "ja" if kontor in trukket else "nei"
            personer.append(f"{hvem};{kontor};{gruppe};{dato(start)};{tilfeldig.randint(20, 60)};{dato(borte)};")
            if tilfeldig.random() < 0.4:
                arbeid.append(f"{hvem};01.02.2022;{dato(date(2022, 8, 31))}")
            fra = periode(tilfeldig, start, nivaa, 12)
            if fra is not None:
                arbeid.append(f"{hvem};{dato(fra)};")
    filer = {"personer": personer, "kontorer": kontorer, "arbeidsforhold": arbeid}
    return {f"kontorforsok/{navn}.csv": (linjer, "utf-8") for navn, linjer in filer.items()}


def ungdomskoordinator():
    """14 kontorer, 8 av dem innførte en koordinator til ulik tid. Den løfter andelen med 15 prosentpoeng."""
    tilfeldig = random.Random(20261124)
    numre = [f"{nummer:04}" for nummer in range(1101, 1115)]
    innfort = dict(zip(numre, [date(2023, 1, 1)] * 3 + [date(2023, 5, 1)] * 3 + [date(2023, 9, 1)] * 2, strict=False))
    kontorer, personer = ["Kontornr;Fylke;Koordinator fra"], ["Løpenr;Kontor;Registrert;Alder;Utvandret;Død"]
    arbeid = ["Løpenr;Fra dato;Til dato"]
    hvem = 0
    for plass, kontor in enumerate(numre):
        kontorer.append(f"{kontor};Fylke {'AB'[plass % 2]};{dato(innfort.get(kontor))}")
        nivaa = 0.35 + tilfeldig.gauss(0, 0.05)
        for maaned in range(24):
            forste = date(2022 + maaned // 12, maaned % 12 + 1, 1)
            med = kontor in innfort and forste >= innfort[kontor]
            for _ in range(3):
                hvem += 1
                start = forste + timedelta(days=tilfeldig.randint(0, 27))
                personer.append(f"U{hvem:05};{kontor};{dato(start)};{tilfeldig.randint(18, 29)};;")
                fra = periode(tilfeldig, start, nivaa + 0.15 * med, 6)
                if fra is not None:
                    arbeid.append(f"U{hvem:05};{dato(fra)};")
    filer = {"personer": personer, "kontorer": kontorer, "arbeidsforhold": arbeid}
    return {f"ungdomskoordinator/{navn}.csv": (linjer, "utf-8") for navn, linjer in filer.items()}


def leveranser():
    """Innholdet i hver fil, etter plassen under docs/eksempel/."""
    filer = {**jobbveiledning(), **kontorforsok(), **ungdomskoordinator()}
    return {navn: ("\n".join(linjer) + "\n").encode(tegnsett) for navn, (linjer, tegnsett) in filer.items()}


if __name__ == "__main__":
    for navn, innhold in leveranser().items():
        (HER / navn).write_bytes(innhold)
