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
#     - config/disclosure.yaml
#     synthetic: true
# ---

# %% [markdown]
# # Skjulte og avrundede tall
#
# **Hva skjer med en tabell når små tall vernes, og hvor langt kan hovedtallet flytte seg?**
#
# Et lite tall i en tabell kan avsløre noe om en person. Derfor behandles alle tall om personer før de slippes ut.
# Hvordan det gjøres, står i en personvernprofil. Her lager vi en tabell og sender den gjennom tre profiler. Etterpå
# spør vi hva en leser kan regne seg tilbake til.

# %%
import itertools

import numpy as np
import pandas as pd

from analysis.disclosure.attacker import exact_count, hidden_count, knowledge, rounded_count, whole_bounds
from analysis.disclosure.cells import table_cells
from analysis.disclosure.profiles import PROFILES_FILE, read_profiles
from analysis.disclosure.redaction import redact_and_round
from analysis.disclosure.rounding import round_table
from analysis.disclosure.suppression import suppress_table
from analysis.notebook_show import points, table, whole
from analysis.provenance import ROOT

profiles = read_profiles(ROOT / PROFILES_FILE)
offices = ["Kontor A", "Kontor B", "Kontor C", "Kontor D", "Alle"]
states = ["I arbeid", "I utdanning", "Ingen av delene", "Alle"]
columns = {"Kontor": ("office", None)} | {state: (state, str) for state in states}
counts = np.array([[14, 3, 8], [22, 11, 9], [31, 6, 2], [17, 12, 10]])
members = table_cells(counts.shape)
true = (members @ counts.ravel()).reshape(5, 4)
table(pd.DataFrame(true, columns=states).assign(office=offices), "De sanne tallene", columns)

# %% [markdown]
# Tabellen har 145 personer. To tall er små: tre personer i utdanning ved kontor A og to som verken er i arbeid
# eller utdanning ved kontor C.

# %%
assert true[-1, -1] == 145
assert sorted(counts[counts < 5].tolist()) == [2, 3]

# %% [markdown]
# ## Skjuling
#
# Navs regel er at tall under 4 ikke vises. Skjuler vi bare de to små tallene, er det ingen hjelp: Summene står der,
# og leseren kan trekke fra. Ved kontor A er 25 − 14 − 8 = 3.

# %%
nav = profiles["nav"]
hidden = suppress_table(counts, nav.threshold, hide_zeros=nav.zeros_hidden)
groups = [row.nonzero()[0].tolist() for row in members.toarray()]
only_small = [
    hidden_count(group) if small else exact_count(group, value)
    for group, small, value in zip(groups, hidden.primary.ravel(), true.ravel(), strict=True)
]
worked_out = whole_bounds(knowledge(counts.size, only_small), [[1], [8]])

# %%
assert (nav.threshold, nav.sign) == (4, "*")
assert true[0].tolist() == [14, 3, 8, 25]
assert worked_out.tolist() == [[3, 3], [2, 2]]

# %% [markdown]
# Derfor må flere tall skjules. Programmet finner det mønsteret som skjuler minst mulig, men likevel nok. Her er det
# to tall til.

# %%
shown = np.where(hidden.hidden, nav.sign, true.astype(str))
table(pd.DataFrame(shown, columns=states).assign(office=offices), "Skjuling etter Navs grense", columns)

# %% [markdown]
# Leseren vet fortsatt noe: summene. Men de tre personene i utdanning ved kontor A kan nå være fra 1 til 9, og de to
# ved kontor C fra 0 til 8.

# %%
known = [
    hidden_count(group) if gone else exact_count(group, value)
    for group, gone, value in zip(groups, hidden.hidden.ravel(), true.ravel(), strict=True)
]
left = whole_bounds(knowledge(counts.size, known), [[1], [8]])
assert hidden.optimal
assert int(hidden.hidden.sum()) == 4
assert left.tolist() == [[1, 9], [0, 8]]

# %% [markdown]
# ## Avrunding
#
# Profilen for åpne rapporter runder alle tall til et tall som kan deles på tre, opp eller ned. Programmet velger
# retningene slik at tabellen fortsatt går opp, og ingenting skjules. Hvilken vei et tall gikk, avgjøres av en
# hemmelig nøkkel, så leseren kan ikke regne seg tilbake. Ingen av tallene har flyttet seg mer enn 2.

# %%
public = profiles["public"]
rounded = round_table(counts, public.base, key=b"en oppdiktet kode")
table(pd.DataFrame(rounded.cells, columns=states).assign(office=offices), "Avrunding til base 3", columns)

# %%
cells = rounded.cells
assert public.base == 3
assert (cells % 3 == 0).all()
assert (cells[:-1].sum(axis=0) == cells[-1]).all()
assert (cells[:, :-1].sum(axis=1) == cells[:, -1]).all()
assert np.abs(cells - true).max() == 2

# %% [markdown]
# Hvert av de to små tallene kan nå være fra 1 til 5, selv om leseren kjenner alle de andre tallene i tabellen og
# vet hvordan de er avrundet.

# %%
clues = [rounded_count(group, value, public.base) for group, value in zip(groups, cells.ravel(), strict=True)]
assert whole_bounds(knowledge(counts.size, clues), [[1], [8]]).tolist() == [[1, 5], [1, 5]]

# %% [markdown]
# ## Skjul først, rund av etterpå
#
# OpenSAFELY skjuler alle tall til og med 7, runder resten til nærmeste fem og legger sammen det som er igjen. Det
# er enkelt og trygt, men tabellen mister mer: 145 personer er blitt 130.

# %%
strict = profiles["opensafely"]
left_over = redact_and_round(counts, limit=strict.threshold - 1, base=strict.base)
texts = [[strict.sign if np.isnan(value) else whole(value) for value in row] for row in left_over.cells]
table(pd.DataFrame(texts, columns=states).assign(office=offices), "Skjuling og avrunding som i OpenSAFELY", columns)

# %%
assert strict.threshold - 1 == 7
assert left_over.cells[-1, -1] == 130

# %% [markdown]
# ## Hvor langt kan hovedtallet flytte seg?
#
# Tenk deg et forsøk der 86 av 240 er i arbeid i tiltaksgruppen og 66 av 235 i kontrollgruppen. Forskjellen er 7,7
# prosentpoeng. Rapporten regner den ut av de sanne tallene og skriver den med høyst tre desimaler som andel, altså
# én desimal i prosentpoeng.
#
# En leser som bare har de avrundede antallene, kan regne ut forskjellen selv. Vi prøver alle antall som de
# avrundede tallene kan stå for. Da kan forskjellen være fra 6,4 til 9,7 prosentpoeng. Retningen er den samme, men
# sifrene er ikke sikre. Derfor skal hovedtallet leses i rapporten og ikke regnes ut fra de frigitte antallene.

# %%
arms = {"tiltak": (86, 240), "kontroll": (66, 235)}
parts = [round_table(np.array([k, n - k]), public.base, key=name.encode()).cells for name, (k, n) in arms.items()]
ranges = [range(max(0, value - 2), value + 3) for part in parts for value in part[:2]]
possible = [a / (a + b) - c / (c + d) for a, b, c, d in itertools.product(*ranges)]
headline = 86 / 240 - 66 / 235
print("Sann forskjell:", points(headline))
print("Fra de avrundede antallene:", points(min(possible)), "til", points(max(possible)))

# %%
assert points(headline) == "+7,7"
assert min(possible) < headline < max(possible)
assert (points(min(possible)), points(max(possible))) == ("+6,4", "+9,7")
assert all(public.stands_for(int(part[0])) == (part[0] - 2, part[0] + 2) for part in parts)

# %% [markdown]
# ## Hva vi lærer
#
# Alle metodene verner de små tallene, men de koster ulikt. Skjuling gir hull, avrunding gir små feil overalt.
# Hovedtallet tåler begge deler når gruppene er store. I små undergrupper kan det som er igjen, bli for upresist til
# å brukes, og da sier rapporten det.
