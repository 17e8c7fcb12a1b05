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
# # Få kontorer
#
# **Hvor mye kan vi stole på en p-verdi når bare noen få kontorer har tiltaket?**
#
# Personer ved samme kontor ligner på hverandre. Da er det antall kontorer, ikke antall personer, som avgjør hvor
# sikkert svaret er. De vanlige formlene forutsetter mange kontorer i begge grupper. Her prøver vi dem der tre av 18
# kontorer har et tiltak som ikke virker.
#
# En god metode sier «statistisk signifikant på fem prosent» i fem prosent av forsøkene når tiltaket ikke virker.
# Sier den det oftere, finner den virkninger som ikke er der.

# %%
import numpy as np
import pandas as pd

from analysis.notebook_show import decimals, lines, percent, points, table, whole
from analysis.proportions import pooled_z
from analysis.staggered.inference import FEW_TREATED
from analysis.trials.cluster_robust import cluster_robust
from analysis.trials.jackknife import jackknife
from analysis.trials.least_squares import least_squares
from analysis.trials.permutation import permutation_test

OFFICES, PERSONS, TREATED, DRAWS = 18, 30, 3, 400
treated = np.arange(OFFICES) < TREATED
office = np.repeat(np.arange(OFFICES), PERSONS)
design = pd.DataFrame({"constant": 1.0, "treated": treated[office].astype("float64")})

# %% [markdown]
# ## 400 forsøk uten virkning
#
# Hvert kontor har 30 deltakere. Andelen i arbeid er 35 prosent i gjennomsnitt og varierer mellom kontorene med et
# standardavvik på åtte prosentpoeng. Vi lager 400 slike forsøk og regner ut p-verdien på fem måter:
#
# - som om alle personer var uavhengige av hverandre
# - med standardfeil etter kontor (CR0) og normalfordelingen
# - med standardfeil som retter opp for få kontorer (CR2), og frihetsgrader etter Satterthwaite
# - med jackknife: Hvor mye endrer tallet seg når ett kontor tas ut?
# - med permutasjon: Hvor uvanlig er forskjellen blant alle måter å trekke tre av 18 kontorer på?

# %%
rng = np.random.default_rng(18)
found = []
for _ in range(DRAWS):
    level = np.clip(rng.normal(0.35, 0.08, OFFICES), 0, 1)
    work = (rng.random(OFFICES * PERSONS) < level[office]).astype("float64")
    sums = np.bincount(office, weights=work)
    inside, outside = int(sums[treated].sum()), int(sums[~treated].sum())
    fit = least_squares(work, design, office)
    bad, good = (
        cluster_robust(fit, "treated", kind="cr0", df="normal", shown_as_bad=True),
        cluster_robust(fit, "treated", kind="cr2"),
    )
    drawn = permutation_test(sums, np.full(OFFICES, PERSONS), treated)
    naive = pooled_z(inside, TREATED * PERSONS, outside, (OFFICES - TREATED) * PERSONS)
    found.append((naive.p_value, bad.p_value, good.p_value, jackknife(fit, "treated").p_value, drawn.p_value))
ways = ("Personer, uten kontor", "CR0, normalfordeling", "CR2, Satterthwaite", "Jackknife", "Permutasjon")
p_values = pd.DataFrame(found, columns=ways)
rejected = p_values.lt(0.05).mean()
table(
    rejected.rename_axis("way").reset_index(name="share"),
    "Andel forsøk uten virkning som likevel gir p under 0,05",
    {"Metode": ("way", None), "Andel": ("share", percent)},
)

# %% [markdown]
# Uten kontor slår 13,0 prosent av forsøkene ut, og med CR0 17,0 prosent, mer enn tre ganger så mange som det skal
# være. CR2 er forsiktig: 2,3 prosent. Jackknife (5,8 prosent) og permutasjon (3,5 prosent) ligger nær fem.
#
# CR0 er verst fordi tre kontorer ikke er nok til å anslå hvor mye slike kontorer varierer. Anslaget blir for lavt,
# og normalfordelingen tar ikke høyde for det.

# %%
assert [percent(share) for share in rejected] == [
    "13,0\N{NO-BREAK SPACE}%",
    "17,0\N{NO-BREAK SPACE}%",
    "2,3\N{NO-BREAK SPACE}%",
    "5,8\N{NO-BREAK SPACE}%",
    "3,5\N{NO-BREAK SPACE}%",
]
assert rejected["CR0, normalfordeling"] > 3 * 0.05

# %% [markdown]
# ## Det finnes en minste p-verdi
#
# Permutasjon regner ut hvor stor del av alle tenkelige trekninger som gir en forskjell minst så stor som den vi så.
# Den vi så, er alltid én av dem. Derfor kan ikke p-verdien bli mindre enn én delt på antall trekninger.
#
# Norge hadde elleve fylker fra 2020 til 2023. Er ett fylke alene om et tiltak, finnes det elleve trekninger, og p
# kan ikke bli mindre enn 1/11, altså 0,091. Da kan ingen forskjell, uansett hvor stor, bli statistisk signifikant
# på fem prosent. Med to av elleve fylker finnes det 55 trekninger, og med ni av 18 kontorer 48 620. Er gruppene
# like store, teller hver trekning sammen med speilbildet sitt, så den minste p-verdien er to delt på antall
# trekninger.

# %%
small = []
for units, chosen in ((11, 1), (11, 2), (18, 3), (18, 9)):
    given = np.arange(units) < chosen
    # The treated have far more in work than anybody else: as clear a difference as there can be.
    clear = permutation_test(np.where(given, 25.0, 5.0 + np.arange(units) / units), np.full(units, 30.0), given)
    small.append((f"{chosen} av {units}", clear.n_allocations, clear.p_value))
smallest = pd.DataFrame(small, columns=["units", "draws", "p"])
table(
    smallest,
    "Den minste p-verdien som kan komme ut",
    {"Enheter med tiltaket": ("units", None), "Trekninger": ("draws", whole), "Minste p-verdi": ("p", decimals(5))},
)

# %%
assert smallest["draws"].tolist() == [11, 55, 816, 48_620]
assert np.allclose(smallest["p"], [1 / 11, 1 / 55, 1 / 816, 2 / 48_620])
assert decimals(3)(smallest.loc[0, "p"]) == "0,091"

# %% [markdown]
# ## Placeborang
#
# Når kontorene ikke er trukket ved loddtrekning, er andelen ingen p-verdi. Da kaller vi den placeborang: Vi later
# som hvert av de andre fylkene hadde tiltaket, regner ut forskjellen for hvert av dem, og ser hvilken plass det
# virkelige fylket får. Her ligger fylket med tiltaket 13,2 prosentpoeng over de andre, og det er den største
# forskjellen av elleve. Mer kan ett fylke ikke vise.

# %%
sums = np.array([136.0, 101.0, 96.0, 108.0, 87.0, 93.0, 99.0, 111.0, 90.0, 104.0, 75.0])
one = permutation_test(sums, np.full(11, 300.0), np.arange(11) < 1)
ordered = np.sort(one.distribution)[::-1]
lines(
    {"Fylker etter størrelsen på forskjellen": (np.arange(1, 12), ordered)},
    "Forskjellen mellom hvert fylke og de ti andre",
    "Elleve punkter i synkende rekkefølge. Det første, fylket med tiltaket, ligger klart over de ti andre.",
    x="Plass blant de elleve fylkene",
    y="Forskjell i prosentpoeng",
    form=points,
    made_up=True,
)

# %%
assert points(one.estimate) == "+13,2"
assert ordered[0] == one.estimate
assert one.p_value == 1 / 11

# %% [markdown]
# ## Regelen i prosjektet
#
# Hviler et anslag på færre enn seks kontorer med tiltaket, oppgir rapportene ingen p-verdi fra t- eller
# normalfordelingen. Er kontorene trukket ut, står p-verdien fra permutasjon. Ellers står placeborangen, med det
# navnet.

# %%
assert FEW_TREATED == 6
