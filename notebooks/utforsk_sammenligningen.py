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
#     - aap_youth
#     - hpmt
#     - ips_seed
#     - ips_trial
#     - mentor_hybrid
#     - nsw_supported_work
#     - supported_employment
#     - youth_teams
#     reads:
#     - results/release/comparison/comparison.csv
#     - results/release/comparison/pairs.csv
#     synthetic: false
# ---

# %% [markdown]
# # Utforsk sammenligningen
#
# **Hvorfor kan vi ikke lage en rangering av innsatsene?**
#
# Alle kohorter som er sluppet ut, står i `results/release/comparison/`. Her leser vi tabellene og ser hva som kan
# holdes mot hverandre. Vi tar bare med publiserte tall og åpne data; syntetiske data sier ingenting om virkelige
# innsatser.

# %%
import pandas as pd

from analysis.notebook_show import forest, percent, points, released, table, whole

names = {
    "aap_youth": "Unge på AAP, Troms og Finnmark",
    "hpmt": "HPMT mot kontrollkontorer",
    "ips_seed": "IPS for unge utenfor, SEED",
    "ips_trial": "IPS, seks fylker",
    "mentor_hybrid": "Mentor, hybridmodell",
    "nsw_supported_work": "Supported Work (NSW), USA",
    "supported_employment": "Supported Employment, KLAR",
    "youth_teams": "Ungdomsteam, 24 kontorer",
}
everything = released("comparison", "comparison.csv")
studies = everything[everything["cohort"].isin(names)].reset_index(drop=True)
studies["name"] = studies["cohort"].map(names)

# %% [markdown]
# ## Hva hver undersøkelse sier
#
# Radene står etter hvor sterkt designet er, aldri etter hvor stort tallet er. En strek betyr at kilden ikke gir
# grunnlag for et anslag. Det gjelder tre av de åtte.

# %%
designs = {
    "individually_randomised": "personer trukket ved lodd",
    "cluster_randomised": "kontorer trukket ved lodd",
    "staggered_did": "trinnvis innføring",
    "matched_did": "matchet sammenligning",
    "aggregated_series": "tidsserie",
    "single_arm": "én gruppe",
    "exposures": "beskrivelse av praksis",
}
grades = {"high": "høy", "moderate": "middels", "low": "lav", "very_low": "svært lav", "none": "ikke vurdert"}
numbers = [
    percent(row.estimate, row.n_treated) if row.scale == "share" else points(row.estimate) + " pp."
    for row in studies.dropna(subset="estimate").itertuples()
]
studies.loc[studies["estimate"].notna(), "number"] = numbers
shown = studies.assign(design=studies["design"].map(designs), grade=studies["grade"].map(grades))
table(
    shown,
    "Hovedtallet i hver undersøkelse",
    {
        "Undersøkelse": ("name", None),
        "Design": ("design", None),
        "Tall": ("number", None),
        "Måneder": ("horizon_months", whole),
        "Tillit": ("grade", None),
    },
)

# %%
assert studies["design_order"].is_monotonic_increasing
assert studies["estimate"].isna().sum() == 3
assert len(studies) == 8

# %% [markdown]
# ## Hva om vi likevel rangerte?
#
# Tre undersøkelser har et anslag på en forskjell i andel i arbeid, med intervall. Sorterer vi dem, ligger IPS
# øverst med 39,7 prosentpoeng, Supported Work har 11,1 og HPMT 6,1. Det er fristende å si at IPS virker seks ganger
# så godt som HPMT.

# %%
measured = studies[studies["scale"].eq("difference") & studies["conf_low"].notna()].set_index("cohort")
forest(
    [(row["name"], row["estimate"], row["conf_low"], row["conf_high"]) for _, row in measured.iterrows()],
    "Tre forskjeller som ikke kan rangeres",
    "Tre anslag med intervall: IPS høyest, så Supported Work, så HPMT. De to siste intervallene dekker null.",
    axis="Prosentpoeng flere i arbeid. Ulike målgrupper, mål og tidspunkter",
    form=points,
    made_up=False,
)

# %%
assert set(measured.index) == {"hpmt", "ips_seed", "nsw_supported_work"}
assert [points(measured.loc[name, "estimate"]) for name in ("ips_seed", "nsw_supported_work", "hpmt")] == [
    "+39,7",
    "+11,1",
    "+6,1",
]
assert (measured.loc[["hpmt", "nsw_supported_work"], "conf_low"] < 0).all()

# %% [markdown]
# Men tallene svarer på ulike spørsmål. IPS-tallet er om en person har hatt *noen* jobb innen 12 måneder.
# HPMT-tallet er om personen var i inntektsgivende arbeid *på ett tidspunkt*, 18 måneder etter start. Andelen som
# har hatt en jobb i løpet av en periode, kan aldri være lavere enn andelen som er i jobb på ett tidspunkt i
# perioden. Målgruppene er ulike, og de som ikke fikk innsatsen, fikk ulike ting i stedet. Uten innsatsen var 8
# prosent i jobb i IPS-undersøkelsen, mot 24 prosent i HPMT.

# %%
assert measured.loc["ips_seed", "outcome"] == "any_job_so_far_as_reported"
assert measured.loc["hpmt", "outcome"] == "in_paid_work"
assert (measured.loc["ips_seed", "horizon_months"], measured.loc["hpmt", "horizon_months"]) == (12, 18)
assert whole(100 * measured.loc["ips_seed", "base_rate"]) == "8"
assert whole(100 * measured.loc["hpmt", "base_rate"]) == "24"

# %% [markdown]
# ## Porten
#
# To undersøkelser holdes bare mot hverandre når fem ting er like, i tillegg til datagrunnlaget: målgruppe, ordinær
# oppfølging, utfall, tidspunkt og skala. Tabellen viser hvor mange av parene som skiller seg på hvert punkt. Ingen
# av de 28 parene slipper gjennom.

# %%
words = {
    "population": "målgruppen",
    "usual_care": "den ordinære oppfølgingen",
    "outcome": "utfallet",
    "horizon_months": "tidspunktet",
    "scale": "skalaen",
    "data_kind": "datagrunnlaget",
}
pairs = released("comparison", "pairs.csv")
pairs = pairs[pairs["cohort_a"].isin(names) & pairs["cohort_b"].isin(names)]
reasons = pairs["reasons"].str.split(";").explode().map(words).value_counts().rename_axis("reason").reset_index()
table(
    reasons.assign(share=reasons["count"] / len(pairs)),
    "Hva som skiller parene",
    {"De skiller seg i": ("reason", None), "Par": ("count", whole), "Andel": ("share", percent)},
)

# %%
assert len(pairs) == 28
assert not pairs["comparable"].any()
assert reasons["reason"].notna().all()
closest = pairs[pairs["cohort_a"].eq("hpmt") & pairs["cohort_b"].eq("ips_seed")]["reasons"].item()
assert closest == "population;usual_care;outcome;horizon_months"

# %% [markdown]
# ## Tilliten
#
# Ingen av de åtte har høy eller middels tillit. Tilliten starter med designet og går ned for hver kontroll som
# slår ut: for få deltakere, ukjent frafall, for dårlig balanse. Et stort tall med
# lav tillit er ikke bedre enn et lite tall med lav tillit. Begge er usikre.

# %%
assert set(studies["grade"]) == {"low", "very_low", "none"}
graded = pd.Series(studies["grade"]).map(grades).value_counts().rename_axis("grade").reset_index()
table(graded, "Tillit til hovedtallene", {"Tillit": ("grade", None), "Undersøkelser": ("count", whole)})

# %% [markdown]
# ## Hva du kan gjøre i stedet
#
# Spør om én innsats om gangen: Hvem ble den prøvd på, mot hva, og hvor sikkert er svaret? Vil du vite om to
# innsatser er ulike, må de prøves på samme målgruppe, mot det samme og med samme mål. `make power` sier hvor mange
# kontorer det krever.
