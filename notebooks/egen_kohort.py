# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: tiltakseffekt,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   tiltakseffekt:
#     cohorts: []
#     reads:
#     - config/outcomes.yaml
#     synthetic: true
# ---

# %% [markdown]
# # Legg til en egen kohort
#
# **Hva må jeg bestemme før mine egne data kan analyseres, og hva sier kontrollene?**
#
# En kohort er en mappe med et kort og en leveranse. Kortet er en tekstfil der alt et menneske bestemmer om
# analysen, står. Her går vi hele veien i en midlertidig mappe, med oppdiktede personer og et kurs som løfter
# andelen i arbeid med 15 prosentpoeng. Ingenting blir liggende igjen.
#
# Vil du gjøre det samme med egne data, er det de samme stegene, med `make` foran. De står i brukerveiledningen og i
# `docs/ny-kohort.md`.

# %%
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.cards import read_card
from analysis.cli import main
from analysis.headers import Header
from analysis.intake import read_delivery
from analysis.new_cohort import new_cohort
from analysis.notebook_show import forest, points, table, whole
from analysis.placeholders import placeholders
from analysis.plan_power import power_of_sizes
from analysis.problems import ProblemsFound
from analysis.whole_run import checked, made_tables

desk = tempfile.TemporaryDirectory()
os.chdir(desk.name)

# %% [markdown]
# ## 1. Leveransen
#
# Leveransen er én fil med 1200 personer. Veilederne valgte hvem som fikk tilbud om kurset, og de valgte oftere dem
# som hadde vært ledige lenge.

# %%
rng = np.random.default_rng(2024)
people = pd.DataFrame({"deltaker": [f"P{number:04d}" for number in range(1, 1201)]})
people["alder"] = rng.integers(20, 61, len(people))
people["mnd_ledig"] = rng.integers(0, 25, len(people))
chance = 1 / (1 + np.exp(0.4 + 0.06 * (people["mnd_ledig"] - 12) + 0.01 * (people["alder"] - 40)))
offered = rng.random(len(people)) < 1 / (1 + np.exp(1.2 - 0.06 * (people["mnd_ledig"] - 12)))
people["gruppe"] = np.where(offered, "T", "S")
for month, lift in (("2022_12", 0.0), ("2023_12", 0.0), ("2024_12", 0.15)):
    people[f"arbeid_{month}"] = (rng.random(len(people)) < chance + lift * offered).astype("int64")
Path("leveranse.csv").write_text(people.to_csv(sep=";", index=False), encoding="utf-8")
print("\n".join(Path("leveranse.csv").read_text(encoding="utf-8").splitlines()[:3]))

# %%
assert len(people) == 1200
assert people.groupby("gruppe")["mnd_ledig"].mean().idxmax() == "T"

# %% [markdown]
# ## 2. Skjelettet
#
# `make new-cohort` lager en mappe med et kort der hver nøkkel er forklart. Den leser bare første linje i filen og
# foreslår koblinger. Alt du må bestemme, er merket. Så lenge ett merke står, regnes ingenting ut.

# %%
header = Header(Path("leveranse.csv"), delimiter=";", encoding="utf-8")
written = new_cohort("jobbkurs", design="matched_did", cohorts=Path("cohorts"), header=header)
marks = placeholders(Path("cohorts/jobbkurs"))
print("\n".join(map(str, written)))
print("\nDe første stedene som må fylles inn:", *marks[:5], sep="\n")

# %%
assert all(path.is_file() for path in written)
assert len(marks) > 20

# %% [markdown]
# ## 3. Kortet, ferdig utfylt
#
# Slik ser kortet ut når forklaringene er tatt bort. Vi har gjort én feil med vilje: `horizon` skal hete `horizons`.

# %%
card_text = """
title: "Jobbkurs: et oppdiktet eksempel"
short_title: Jobbkurs (eksempel)
intervention_name: jobbkurset
data_kind: synthetic
intervention: jobbkurs
design: matched_did
report: {date: 2026-11-22}
background: [Kurset finnes ikke. Tallene er laget av en tilfeldighetsgenerator.]
population:
  description: arbeidssøkere i et oppdiktet fylke
  eligibility: [registrert arbeidssøker i desember 2023]
assignment: {unit: person, randomised: false, rule: Veilederne valgte hvem som fikk tilbud om kurset.}
content: {intervention: Ti ukers kurs i jobbsøking., usual_care: vanlig oppfølging fra veileder}
time_zero: {description: "desember 2023, måneden før kurset begynte", month: 2023-12}
arms:
  - {id: deltakere, role: treated, label: deltakerne}
  - {id: sammenligning, role: comparison, label: sammenligningsgruppen}
outcomes: {primary: in_paid_work}
horizon: [12]
base_month: 2023-12
estimand: {quantity: att, scale: difference, description: effekten for deltakerne på arbeid i desember 2024}
files:
  - name: deltakere
    path: leveranse.csv
    format: csv
    delimiter: ";"
    rows: 1200
    columns:
      person_id: deltaker
      arm: {column: gruppe, values: {"T": deltakere, "S": sammenligning}}
      alder: alder
      mnd_ledig: mnd_ledig
    outcomes:
      - {outcome: in_paid_work, month: 2022-12, column: arbeid_2022_12}
      - {outcome: in_paid_work, month: 2023-12, column: arbeid_2023_12}
      - {outcome: in_paid_work, month: 2024-12, column: arbeid_2024_12}
covariates:
  - {name: alder, label: Alder}
  - {name: mnd_ledig, label: Måneder som ledig}
  - {name: arbeid_2022, label: I arbeid i desember 2022, outcome: in_paid_work, month: 2022-12}
matching: {formula: alder + mnd_ledig + arbeid_2022, caliper: 0.2}
sensitivity:
  - {name: uten_kaliper, title: uten største tillatte avstand, matching: {caliper: null}}
  - {name: med_tilbakelegging, title: samme person kan brukes flere ganger, matching: {replace: true}}
disclosure: {profile: open, reason: "Tallene er oppdiktet, og ingen personer står bak dem."}
limitations: [{id: oppdiktet, text: Tallene sier ingenting om virkelige tiltak.}]
sources: [{id: eksempel, citation: Oppdiktet leveranse.}]
"""
folder = Path("cohorts/jobbkurs")
Path("leveranse.csv").rename(folder / "data" / "leveranse.csv")
(folder / "checklist.yaml").unlink()
(folder / "cohort.yaml").write_text(card_text, encoding="utf-8")
try:
    read_card(folder / "cohort.yaml")
except ProblemsFound as error:
    told = str(error)
print(told)

# %%
assert "Mente du horizons?" in told

# %% [markdown]
# Alle feil blir fortalt på én gang, med linje, hva som er galt og hvordan det rettes.
#
# ## 4. `make check`
#
# Når nøkkelen er rettet, leser `make check` både kortet og dataene. Kontrollen sier hvor mange som er i hver
# gruppe, og om noe mangler. Den regner ikke ut noe om virkningen. For ekte persondata sier den også fra når planen
# ikke er låst, og når spørsmål i sjekklisten for rapportering ikke er besvart.

# %%
(folder / "cohort.yaml").write_text(card_text.replace("\nhorizon:", "\nhorizons:"), encoding="utf-8")
answer = main(["check", "jobbkurs"])

# %%
assert answer == 0

# %% [markdown]
# ## 5. Planen og styrken
#
# Før utfallene brukes, skrives planen ut med `make plan`, og låses med `make plan-lock`. Planen sier også hvor små
# virkninger undersøkelsen kan se. Med 282 deltakere og like mange å sammenligne med kan den oppdage en forskjell på
# 11,8 prosentpoeng i åtte av ti tilfeller. Virkningen vi har lagt inn, er 15, så den skal kunne oppdages.

# %%
card = read_card(folder / "cohort.yaml")
delivery = read_delivery(card, folder / "data")
sentence = power_of_sizes(card, delivery)
print(sentence)
lock = main(["plan-lock", "jobbkurs", "--date", "2026-11-22"])

# %%
assert lock == 0
assert "Minste forskjell som oppdages i 8 av 10 tilfeller, er 11,8 prosentpoeng" in sentence
assert "282 personer med tiltaket, 282 å sammenligne med" in sentence

# %% [markdown]
# ## 6. Anslaget
#
# `make` gjør nå resten. Her gjør vi det samme i minnet.

# %%
tables = made_tables(card, delivery, cohort="jobbkurs", plan_hash="", run_id="")
primary = tables["estimates"][tables["estimates"]["role"].eq("primary")].iloc[0]
raw = tables["estimates"][tables["estimates"]["estimator"].eq("difference_in_means")].iloc[0]
rows = [
    ("Rå forskjell i desember 2024", raw),
    ("Matchet endring fra desember 2023", primary),
]
forest(
    [(label, row["estimate"], row["conf_low"], row["conf_high"]) for label, row in rows],
    "Forskjell i andel i arbeid mellom deltakerne og sammenligningsgruppen",
    "To anslag med intervall. Begge ligger over null, det matchede høyest.",
    axis="Prosentpoeng flere deltakere i arbeid",
    form=points,
    made_up=True,
)

# %% [markdown]
# Den rå forskjellen er 8,1 prosentpoeng. Den er for lav, fordi deltakerne hadde vært ledige lenger. Den matchede
# analysen gir 19,6, med intervall fra 8,4 til 30,7. Intervallet dekker fasiten på 15.

# %%
assert points(raw["estimate"]) == "+8,1"
assert points(primary["estimate"]) == "+19,6"
assert (points(primary["conf_low"]), points(primary["conf_high"])) == ("+8,4", "+30,7")
assert primary["conf_low"] < 0.15 < primary["conf_high"]

# %% [markdown]
# ## 7. Kontrollene
#
# Etter anslaget kommer kontrollene. De avgjør om rapporten kan bruke ord som «effekt», og hvor stor tilliten er.
# Her slår ingen ut. Tilliten er likevel lav, fordi den starter lavt når gruppene ikke er trukket ved loddtrekning.

# %%
verdicts = checked(card, tables)
counted = pd.Series([check.verdict for check in verdicts.checks]).value_counts().rename_axis("verdict").reset_index()
table(
    counted.replace({"failed": "slo ut", "passed": "bestått", "noted": "til opplysning"}),
    "Kontrollene av analysen",
    {"Utfall": ("verdict", None), "Antall": ("count", whole)},
)

# %%
assert "failed" not in set(counted["verdict"])
assert verdicts.record()["grade"]["grade"] == "low"
desk.cleanup()
