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
#     cohorts:
#     - hpmt
#     reads:
#     - results/release/hpmt/estimates.csv
#     synthetic: false
# ---

# %% [markdown]
# # HPMT fra de publiserte tallene
#
# **Hva sier de publiserte prosentene om HPMT, og hva sier de ikke?**
#
# I 2014 fortalte en nyhetssak om HPMT at 617 deltakere ble fulgt. 29,7 prosent var i inntektsgivende arbeid ved
# HPMT-kontorene i november 2012, mot 23,6 prosent ved kontrollkontorene. I mai 2013 var andelene 30,8 og 24,4
# prosent. Saken oppgir ikke hvor mange som var i hver gruppe, og ingen usikkerhet.
#
# Her regner vi oss fram til gruppene, forskjellen og usikkerheten. Hvert tall i teksten kontrolleres i koden under,
# så notatboken stopper hvis en setning blir gal.

# %%
import math

from analysis.enumeration import FollowUp, table_inference, two_arm_tables
from analysis.notebook_show import NB, decimals, forest, points, released, table, whole
from analysis.proportions import cluster_t, fisher, miettinen_nurminen, newcombe, pooled_z

NOVEMBER = FollowUp("2012-11", "29.7", "23.6")
MAY = FollowUp("2013-05", "30.8", "24.4")

# %% [markdown]
# ## Hvilke tabeller passer?
#
# Antall personer er hele tall. Derfor kan bare noen få tabeller gi akkurat disse prosentene. Vi prøver alle måter å
# dele 617 personer i to grupper på, og alle antall i arbeid.
#
# Ser vi på ett tidspunkt om gangen, passer 36 tabeller med tallene fra november og 39 med tallene fra mai. Hvis
# alle 617 er talt med begge gangene, må gruppene være de samme. Da er det bare én mulighet igjen.

# %%
alone = two_arm_tables(617, [NOVEMBER, MAY], same_persons=False)
joint = two_arm_tables(617, [NOVEMBER, MAY])
table(
    joint.assign(month=joint["month"].map(NB.month)),
    "Den eneste tabellen som passer med begge tidspunktene",
    {
        "Måned": ("month", None),
        "HPMT, alle": ("n_treated", whole),
        "HPMT, i arbeid": ("k_treated", whole),
        "Kontroll, alle": ("n_comparison", whole),
        "Kontroll, i arbeid": ("k_comparison", whole),
    },
)

# %%
assert alone["month"].value_counts().to_dict() == {"2012-11": 36, "2013-05": 39}
assert joint["table"].nunique() == 1
assert joint[["n_treated", "k_treated", "n_comparison", "k_comparison"]].to_numpy().tolist() == [
    [367, 109, 250, 59],
    [367, 113, 250, 61],
]

# %% [markdown]
# Det er en forutsetning at alle er talt med begge gangene. Kilden sier det ikke. Hvis noen mangler ved ett av
# tidspunktene, kan gruppene ha vært større eller mindre, men forskjellen blir nesten den samme: Prosentene er jo
# oppgitt.
#
# ## Forskjellen
#
# I november var forskjellen 6,1 prosentpoeng, og i mai 6,4. Regner vi som om hver person var trukket for seg, går
# intervallene fra litt under null til omtrent 13 prosentpoeng.

# %%
november, may = (109, 367, 59, 250), (113, 367, 61, 250)
intervals = [
    (f"{month}, {label}", found.estimate, found.low, found.high)
    for month, counts in (("November 2012", november), ("Mai 2013", may))
    for label, found in (("Newcombe", newcombe(*counts)), ("Miettinen–Nurminen", miettinen_nurminen(*counts)))
]
forest(
    intervals,
    "Forskjell i andel i arbeid, med 95 prosent konfidensintervall",
    "Fire intervaller. Alle går fra omtrent minus 1 til omtrent pluss 13 prosentpoeng og dekker null.",
    axis="Prosentpoeng flere i arbeid ved HPMT-kontorene",
    form=points,
    made_up=False,
)

# %%
assert [points(row[1]) for row in intervals] == ["+6,1", "+6,1", "+6,4", "+6,4"]
assert [(round(100 * low, 2), round(100 * high, 2)) for _, _, low, high in intervals] == [
    (-1.08, 12.96),
    (-1.08, 13.02),
    (-0.86, 13.33),
    (-0.86, 13.38),
]
assert round(pooled_z(*november).p_value, 4) == 0.0947
assert round(fisher(*november).p_value, 4) == 0.0982
assert round(pooled_z(*may).p_value, 4) == 0.0833
assert round(fisher(*may).p_value, 4) == 0.0845

# %% [markdown]
# ## Det var kontorer som ble trukket
#
# Ni kontorer fikk HPMT, og ni var kontroll. Personer ved samme kontor ligner på hverandre: De har samme
# arbeidsmarked og samme veiledere. Hvor mye de ligner, måles med intraklassekorrelasjonen (ICC). Kilden oppgir den
# ikke, så vi regner med flere verdier.
#
# Uten likhet (ICC 0) er p-verdien 0,109, fordi 18 kontorer gir 16 frihetsgrader. Med ICC 0,02 er den 0,205, og med
# ICC 0,10 er den 0,422.

# %%
iccs = [0, 0.01, 0.02, 0.05, 0.10]
clustered = table_inference(joint, offices_treated=9, offices_comparison=9, iccs=iccs)
first = clustered[clustered["inference"].eq("cluster_t") & clustered["month"].eq("2012-11")]
table(
    first,
    "Forskjellen i november 2012 når kontorene regnes med",
    {
        "ICC": ("icc", decimals(2)),
        "Forskjell (pp.)": ("estimate", points),
        "Fra": ("conf_low", points),
        "Til": ("conf_high", points),
        "p-verdi": ("p_value", decimals(3)),
    },
)

# %%
assert first["p_value"].round(3).tolist() == [0.109, 0.160, 0.205, 0.310, 0.422]
assert (first["df"] == 16).all()
assert (first["conf_low"] < 0).all()
assert (first["conf_high"] > 0).all()

# %% [markdown]
# Formelen er SE² = Σ p(1 − p)/n · [1 + (m − 1)·ICC], der summen går over de to gruppene og m er antall personer per
# kontor. Vi regner ut én rad for hånd.

# %%
variances = [k / n * (1 - k / n) / n * (1 + (n / 9 - 1) * 0.02) for k, n in ((109, 367), (59, 250))]
by_hand = math.sqrt(sum(variances))
by_function = cluster_t(*november, offices1=9, offices2=9, icc=0.02).std_error
assert math.isclose(by_hand, by_function, rel_tol=1e-12)
print("Standardfeil med ICC 0,02:", decimals(2)(100 * by_hand), "prosentpoeng")

# %% [markdown]
# ## Det samme som i rapporten
#
# Tallene over skal være de samme som dem rapporten bygger på.

# %%
estimates = released("hpmt", "estimates.csv")
newcombes = estimates[estimates["inference"].eq("newcombe")].set_index("horizon_months")
assert math.isclose(newcombes.loc[18, "estimate"], 109 / 367 - 59 / 250, rel_tol=1e-12)
assert math.isclose(newcombes.loc[24, "estimate"], 113 / 367 - 61 / 250, rel_tol=1e-12)
assert math.isclose(newcombes.loc[18, "conf_low"], newcombe(*november).low, rel_tol=1e-12)
assert math.isclose(newcombes.loc[24, "conf_high"], newcombe(*may).high, rel_tol=1e-12)
for row in first.itertuples():
    same = estimates[estimates["spec"].eq(f"icc={row.icc:g};size_cv=0") & estimates["horizon_months"].eq(18)]
    assert math.isclose(same["p_value"].item(), row.p_value, rel_tol=1e-12)
print("Stemmer med results/release/hpmt/estimates.csv")

# %% [markdown]
# ## Hva vi kan si
#
# Andelen i arbeid var 6,1 prosentpoeng høyere ved HPMT-kontorene i november 2012. Alle intervallene over dekker
# null. Tallene er forenlige med ingen forskjell, men også med en forskjell på 13 prosentpoeng.
#
# Det betyr ikke at HPMT er uten virkning. Det betyr at undersøkelsen er for liten til å avgjøre det. Kilden sier
# heller ikke hvor mange som falt fra, eller hva som regnes som inntektsgivende arbeid.
