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
#     reads: []
#     synthetic: true
# ---

# %% [markdown]
# # Trinnvis innføring
#
# **Hvorfor kan en vanlig regresjon bomme når kontorer starter på ulike tidspunkter?**
#
# Når et tiltak innføres kontor for kontor, er det vanlig å bruke en regresjon med faste effekter for kontor og
# måned. Den gir ett tall. Her lager vi data der vi vet svaret, og ser at tallet kan bli mye for lavt.
#
# Vi lager 24 kontorer og følger dem i 36 måneder. Ti starter i måned 7, ti i måned 19 og fire aldri. Virkningen er
# et halvt prosentpoeng den første måneden og vokser med et halvt prosentpoeng hver måned.

# %%
from functools import partial

import numpy as np
import pandas as pd

from analysis.notebook_show import lines, percent, points, table, whole
from analysis.staggered.bacon import bacon
from analysis.staggered.cell_arrays import cell_arrays
from analysis.staggered.cell_effects import cell_effects
from analysis.staggered.design import Design
from analysis.staggered.regressions import convention_rows, static_effect, static_weights
from analysis.staggered.result import cell_result

START, PERSONS = 24_000, 1_000
EARLY, LATE = START + 6, START + 18
rng = np.random.default_rng(2011)
offices = pd.DataFrame({"office_id": [f"kontor {number:02d}" for number in range(1, 25)]})
offices["adoption_month"] = np.repeat([EARLY, LATE, np.nan], [10, 10, 4])
offices["level"] = rng.normal(0.40, 0.05, len(offices))
made = offices.merge(pd.DataFrame({"month": START + np.arange(36)}), how="cross")
since = made["month"] - made["adoption_month"]
made["effect"] = np.where(since >= 0, 0.005 * (since + 1), 0.0)
made["share"] = made["level"] + 0.001 * (made["month"] - START) + made["effect"]
made["sum_wy"] = rng.binomial(PERSONS, made["share"])
made = made.assign(n=PERSONS, sum_w=float(PERSONS))
truth = made.loc[since >= 0, "effect"].mean()

# %% [markdown]
# Figuren viser andelen i arbeid i de tre gruppene. Alle stiger litt hele tiden. Når en gruppe starter, stiger den
# raskere. I gjennomsnitt over alle måneder etter start er virkningen 6,6 prosentpoeng. Det er fasiten.

# %%
seen = made.assign(group=made["adoption_month"].map({EARLY: "Starter i måned 7", LATE: "Starter i måned 19"}))
seen["group"] = seen["group"].fillna("Starter aldri")
means = seen.groupby(["group", "month"])["sum_wy"].mean().div(PERSONS)
lines(
    {group: (np.arange(1, 37), means[group]) for group in ("Starter i måned 7", "Starter i måned 19", "Starter aldri")},
    "Andel i arbeid etter når kontorene starter",
    "Tre linjer fra måned 1 til 36. De to gruppene som starter, stiger raskere enn den tredje fra måneden de starter.",
    x="Måned",
    y="Andel i arbeid",
    form=partial(percent, decimals=0),
    zero=False,
    made_up=True,
)

# %%
assert points(truth) == "+6,6"
assert made.loc[since.eq(0), "effect"].unique().tolist() == [0.005]

# %% [markdown]
# ## Ett tall fra regresjonen
#
# Regresjonen har en konstant for hvert kontor og hver måned, og én variabel som er 1 fra kontoret starter. Den gir
# 1,4 prosentpoeng. Intervallet går fra −0,7 til 3,5 og dekker ikke fasiten.

# %%
columns = ["office_id", "adoption_month", "month", "n", "sum_w", "sum_wy"]
arrays, design = cell_arrays(made[columns]), Design(control="not_yet")
regression = convention_rows(static_effect(arrays, design)).iloc[0]
assert points(regression["estimate"]) == "+1,4"
assert (points(regression["conf_low"]), points(regression["conf_high"])) == ("−0,7", "+3,5")
assert regression["conf_high"] < truth

# %% [markdown]
# ## Hva tallet er laget av
#
# Goodman-Bacons oppdeling viser at tallet er et veid gjennomsnitt av sammenligninger mellom to og to grupper. Tre
# av dem er greie: De sammenligner noen som starter, med noen som ikke har startet. Den fjerde bruker de tidlige
# kontorene som sammenligning for de sene, *etter* at de tidlige har startet. De tidlige er da i vekst fordi
# tiltaket virker, og veksten trekkes fra. Denne sammenligningen gir −3,1 prosentpoeng og har 44 prosent av vekten.

# %%
parts = bacon(arrays, design)
words = {
    "treated_vs_never": "Startet mot aldri",
    "earlier_vs_later": "Tidlig mot sen, før den sene starter",
    "later_vs_earlier": "Sen mot tidlig, etter at den tidlige startet",
}
table(
    parts.kinds.assign(kind=parts.kinds["kind"].map(words)),
    "Sammenligningene bak tallet",
    {"Sammenligning": ("kind", None), "Vekt": ("weight", percent), "Forskjell (pp.)": ("estimate", points)},
)

# %%
kinds = parts.kinds.set_index("kind")
assert len(parts.table) == 4
assert points(kinds.loc["later_vs_earlier", "estimate"]) == "−3,1"
assert whole(100 * kinds.loc["later_vs_earlier", "weight"]) == "44"
assert abs(float(kinds["weight"] @ kinds["estimate"]) - regression["estimate"]) < 1e-12

# %% [markdown]
# Det kan også sies slik: Tallet er en sum av virkningene i hver gruppe og måned, med vekter. Hvis alle vektene var
# positive, var det i det minste et gjennomsnitt. Her er 18 av de 48 vektene negative. Alle 18 hører til den tidlige
# gruppen, i månedene der virkningen er størst.

# %%
weights = static_weights(arrays, design)
negative = weights[weights["weight"] < 0]
assert (len(negative), len(weights)) == (18, 48)
assert negative["group"].unique().tolist() == [EARLY]
assert negative["month"].min() == LATE

# %% [markdown]
# ## Gruppe for gruppe, måned for måned
#
# Callaway og Sant'Anna regner ut virkningen for hver gruppe i hver måned, og sammenligner bare med kontorer som
# ikke har startet. Deretter tas gjennomsnittet. Det gir 6,7 prosentpoeng, med intervall fra 5,6 til 7,8.
# Intervallet dekker fasiten.

# %%
result = cell_result(cell_effects(arrays, design), design, outcome="work", seed=1)
told = result.uncertainty()
effects = result.table.assign(low=told.conf_low, high=told.conf_high)
overall = effects[effects["term"].eq("simple")].iloc[0]
curve = effects[effects["term"].eq("dynamic") & effects["event_time"].ge(0)]
months = curve["event_time"].to_numpy("int64")
lines(
    {"Anslag": (months, curve["estimate"]), "Fasit": (months, 0.005 * (months + 1))},
    "Virkning etter antall måneder siden start",
    "To linjer som begge stiger fra nær null. Anslaget følger fasiten, med litt støy.",
    x="Måneder siden start",
    y="Prosentpoeng",
    form=points,
    made_up=True,
)

# %%
assert points(overall["estimate"]) == "+6,7"
assert (points(overall["low"]), points(overall["high"])) == ("+5,6", "+7,8")
assert overall["low"] < truth < overall["high"]
assert np.abs(curve["estimate"] - 0.005 * (months + 1)).max() < 0.02

# %% [markdown]
# ## Hva vi lærer
#
# Spredte starttidspunkter er ikke noe problem i seg selv. Problemet er en regresjon som bruker kontorer i vekst som
# sammenligning. Derfor regner prosjektet alltid ut virkningen gruppe for gruppe, og viser tallet fra regresjonen
# bare ved siden av.
#
# Oppdelingen ser ikke fasiten. Den kan brukes på ekte data til å se hvor mye av tallet som hviler på
# sammenligninger med dem som allerede har startet.
