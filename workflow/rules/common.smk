"""Shared by all stages: the cohorts, the wildcards, and the digests of code."""

import os
from functools import cache
from pathlib import Path

from analysis.card_grid import READ, has_curve, way_of_card
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cohorts import find_cohorts
from analysis.delivery import delivery_files
from analysis.files import sha256
from analysis.notebook_header import find_notebooks
from analysis.places import data_folders
from analysis.plan import deviating
from analysis.provenance import module_digests, short_digest, source_digest
from analysis.resources import Size, memory_mb, runtime_minutes, size_of
from analysis.signoff import unsigned
from analysis.tables import (
    COMPARISON_REPORT,
    COST_TABLE,
    RELEASED,
    REPORT_KINDS,
    REVIEW_FILES,
    page_name,
)
from analysis.ways import AFTERWARDS, ESTIMATING, SETTINGS, adapters, way

# One thread in every job: sums over two threads differ in the last bits.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

COHORTS = find_cohorts("cohorts")
PUBLISHED = [name for name, card in COHORTS.items() if card.data_kind == "published"]
DELIVERED = [name for name in COHORTS if name not in PUBLISHED]
DESCRIBED = [name for name in DELIVERED if COHORTS[name].analysis == "describe"]
STAGGERED = [
    name
    for name in DELIVERED
    if name not in DESCRIBED and COHORTS[name].design in STAGGERED_DESIGNS
]
TRIALS = [
    name
    for name in DELIVERED
    if name not in DESCRIBED and COHORTS[name].design in TRIAL_DESIGNS
]
MATCHED = [name for name in DELIVERED if name not in DESCRIBED + STAGGERED + TRIALS]
# Cohorts with several declared analyses, which are tested together.
GRIDDED = [name for name in DELIVERED if has_curve(COHORTS[name])]
# Cohorts whose plan is tried on made-up studies: all that estimate something from a delivery.
CERTIFIED = STAGGERED + TRIALS + MATCHED
# Cohorts whose card has changed since the lock: what was planned is estimated beside what was done.
DEVIATING = deviating({name: COHORTS[name] for name in DELIVERED}, "cohorts")
# Cohorts whose card states subgroups.
SUBGROUPED = [name for name in DELIVERED if COHORTS[name].subgroups]
# Cohorts of the start page and the comparison: those of restricted data come there when a person has signed them.
UNSIGNED = unsigned(COHORTS, "cohorts")
SHOWN = [name for name in COHORTS if name not in UNSIGNED]
# Cohorts whose delivery is made up: the generator by cohort.
GENERATED = {
    name: card.synthetic.generator for name, card in COHORTS.items() if card.synthetic
}
# Where each delivery lies on this machine; a place is never written to results.
FOLDERS = data_folders({name: COHORTS[name] for name in DELIVERED}, Path())
# Notebooks whose cohorts are all here, by name, with what they read.
NOTEBOOKS = find_notebooks("notebooks", COHORTS)
LANGUAGES = config["languages"]
LOCK = sha256("requirements.lock")
SHARED = "reports/_shared"
FONT_WEIGHTS = [400, 600, 700]
# The report that sets all cohorts side by side.
COMPARISON_TABLES = ["comparison", "horizons", "pairs", "synthesis"]


def one_of(names):
    """A wildcard pattern for these names; for none of them one that no file name fits."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    cohort=one_of(COHORTS),
    report=one_of(COHORTS),
    notebook=one_of(NOTEBOOKS),


def code(*adapters):
    """Digest of adapters and of the analysis modules behind them: editing one reruns what depends on it."""
    return source_digest(
        *(f"{workflow.basedir}/workflow/scripts/{name}" for name in adapters)
    )


def scripts(names):
    """Paths of adapters by the names of their rules."""
    return [f"{workflow.basedir}/workflow/scripts/{name}.py" for name in names]


# Everything that the numbers of a cohort rest on, from delivery to estimate.
CODE_OF_NUMBERS = {
    way: source_digest(*scripts(names)) for way, names in ESTIMATING.items()
}


def path_of(cohort):
    """The way that a cohort's numbers are made."""
    return way(COHORTS[cohort])


def estimating_code(wildcards):
    """The digest that a cohort's run id holds."""
    return CODE_OF_NUMBERS[path_of(wildcards.cohort)]


def modules(wildcards):
    """A digest of each module behind a cohort's treated numbers: so that two runs can be told apart by module."""
    cohort = wildcards.cohort
    return module_digests(
        scripts(adapters(COHORTS[cohort], deviating=cohort in DEVIATING))
    )


def settings(wildcards):
    """Digests of what stands in config/ and decides the numbers of a cohort."""
    treated = profiles(wildcards)
    paths = [*SETTINGS, treated] if treated else SETTINGS
    return {path: short_digest(path) for path in paths}


@cache
def size(cohort):
    """What the memory of a cohort's jobs is worked out from; published figures have none."""
    return size_of(COHORTS[cohort], FOLDERS[cohort]) if cohort in FOLDERS else Size()


def memory(wildcards, attempt, rulename):
    """MB that a job asks a cluster for; a run on one machine holds no job back for it."""
    return memory_mb(rulename, size(wildcards.get("cohort")), attempt=attempt)


def minutes(wildcards, attempt, rulename):
    """Minutes that a job asks a cluster for."""
    return runtime_minutes(rulename, size(wildcards.get("cohort")), attempt=attempt)


def generator_code(wildcards):
    """Digest of the one generator of a cohort, so that editing another does not make its delivery anew."""
    script = f"{workflow.basedir}/workflow/scripts/generate_delivery.py"
    source = f"{workflow.basedir}/analysis/synthetic/{GENERATED[wildcards.cohort]}.py"
    return source_digest(script, source)


def notebook_code(wildcards):
    """Digest of a notebook, its runner, and the analysis modules behind both."""
    runner = f"{workflow.basedir}/workflow/scripts/build_notebook.py"
    own = f"{workflow.basedir}/notebooks/{wildcards.notebook}.py"
    return source_digest(runner, own)


def delivery(wildcards):
    """The files of a cohort's delivery, or the folder that they are made in."""
    if wildcards.cohort in GENERATED:
        return f"results/synthetic/{wildcards.cohort}"
    found = delivery_files(COHORTS[wildcards.cohort], FOLDERS[wildcards.cohort])
    return [str(path) for path in found.values()]


def plan_lock(wildcards):
    """The lock of a cohort's plan, where there is one."""
    path = f"cohorts/{wildcards.cohort}/plan.lock"
    return path if os.path.exists(path) else []


def translations(wildcards):
    """A cohort's texts in other languages, where there are any."""
    path = f"cohorts/{wildcards.cohort}/translations.yaml"
    return path if os.path.exists(path) else []


def checklists(wildcards):
    """What a report shall tell: the items, and the list of the cohort's design."""
    design = COHORTS[wildcards.cohort].design
    return [f"{SHARED}/checklists/{name}.yaml" for name in ("items", design)]


def checklist_answers(wildcards):
    """A cohort's own answers to the checklist, where there are any."""
    path = f"cohorts/{wildcards.cohort}/checklist.yaml"
    return path if os.path.exists(path) else []


def restricted(cohort, *tables):
    """Tables of a cohort in the restricted area, by name."""
    return {table: f"results/restricted/{cohort}/{table}.parquet" for table in tables}


# Tables that each way makes and that are to be treated, besides estimates and attrition.
MADE = {
    "published": ["scenarios", "ranges", "moderators"],
    "described": ["cells", "balance", "findings"],
    "matched": [
        *("cells", "balance", "overlap", "matching"),
        *("cluster_balance", "profile", "findings"),
    ],
    "staggered": [
        *("cells", "balance", "office_cells", "series", "funnel", "findings"),
        *("family", "family_weights", "bacon"),
        *("synthetic_paths", "donors", "synthetic_fit", "honest"),
    ],
    "trial": ["cells", "balance", "permutation", "office_sizes", "findings"],
}
GRID_TABLES = ["specifications", "specification_tests"]
# What matching leaves, by the names of its files; weights and ties are about persons.
MATCHED_TABLES = [
    *("weights", "balance", "overlap", "matching", "attrition"),
    *("ties", "cluster_balance", "profile"),
]


def matched_tables(wildcards):
    """What matching leaves of a cohort, where it is matched."""
    matched = wildcards.cohort in MATCHED
    return restricted(wildcards.cohort, *MATCHED_TABLES) if matched else {}


def of_the_grid(wildcards):
    """What the analyses of a cohort's grid are made from."""
    return restricted(wildcards.cohort, *READ[way_of_card(COHORTS[wildcards.cohort])])


def releasable(wildcards):
    """The tables of a cohort that are to be treated."""
    made = MADE[path_of(wildcards.cohort)]
    made = [*made, *(GRID_TABLES if wildcards.cohort in GRIDDED else [])]
    made = [*made, *(["certificate"] if wildcards.cohort in CERTIFIED else [])]
    made = [*made, *(["planned"] if wildcards.cohort in DEVIATING else [])]
    made = [*made, *(["subgroups"] if wildcards.cohort in SUBGROUPED else [])]
    return restricted(wildcards.cohort, "estimates", "attrition", *made)


def shared_files(*endings):
    """Templates, styles, catalogues and fonts that all reports are built from."""
    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(SHARED)
        for name in names
    ]
    return sorted(path for path in found if path.endswith(endings))


# Every sentence of the reports, and how they are laid out.
REPORT_TEXTS = [
    *(f"{SHARED}/strings/{lang}.yaml" for lang in LANGUAGES),
    *shared_files(".j2"),
]


def compared(cohort):
    """The estimates that a cohort is compared by: as they may be shown, where its profile treats them."""
    if COHORTS[cohort].disclosure.profile == "open":
        return f"results/restricted/{cohort}/estimates.parquet"
    return f"results/review/{cohort}/estimates.csv"


def numbers(area, cohort):
    """A cohort's treated numbers, under review or released."""
    return [f"results/{area}/{cohort}/{name}" for name in REVIEW_FILES]


# What the technical annex (`make annex`) holds, by file name: treated numbers and what they rest on, never anything of
# the restricted area. Reports of cohorts lie in the folder beside it and would make it too large.
ANNEXED = {
    "estimates.csv": "Alle anslag",
    "checks.json": "Kontrollene og tilliten",
    "provenance.json": "Hva tallene er laget av",
    "comparison.csv": "Hovedtallene samlet",
    "horizons.csv": "Hver kohort etter 6 til 36 måneder",
    "pairs.csv": "Hvorfor par ikke kan sammenlignes",
    f"{COMPARISON_REPORT}.{LANGUAGES[0]}.html": "Rapporten med alle kohortene",
}


def captioned(path, cohort=None):
    """An output that is marked for the annex, with the caption of its name."""
    name = os.path.basename(path)
    return report(
        path,
        caption=f"../report/{name.split('.')[0]}.rst",
        category="Kohortene" if cohort else "Sammenligningen",
        subcategory=cohort,
        labels={"Innhold": ANNEXED[name], "Fil": name},
    )


def annexed(*paths, cohort=None):
    """Outputs, with those marked that the annex holds; `cohort` where they are a cohort's."""
    return [
        captioned(path, cohort) if os.path.basename(path) in ANNEXED else path
        for path in paths
    ]


def reports(area, cohort):
    """A cohort's reports in every language and format, under review or released."""
    stems = [f"results/{area}/reports/{cohort}/{cohort}.{lang}" for lang in LANGUAGES]
    return [f"{stem}.{kind}" for stem in stems for kind in REPORT_KINDS]


# Cohorts of restricted data, which leave when a person has signed.
SIGNED = [name for name, card in COHORTS.items() if card.data_kind == "restricted"]


def sign_off(wildcards):
    """A named person's sign-off of a restricted cohort, where there is one; the seal stops without."""
    path = f"cohorts/{wildcards.cohort}/release.json"
    return path if wildcards.cohort in SIGNED and os.path.exists(path) else []


def declared(wildcards):
    """What is declared of a restricted cohort's numbers."""
    path = f"results/restricted/{wildcards.cohort}/declared.json"
    return path if wildcards.cohort in SIGNED else []


def profiles(wildcards):
    """The rules of disclosure, where a cohort's numbers are treated by them."""
    treated = COHORTS[wildcards.cohort].disclosure.profile != "open"
    return "config/disclosure.yaml" if treated else []


def made_up(*cohorts):
    """The deliveries of these cohorts that are made up: all persons in them are canaries."""
    return [f"results/synthetic/{cohort}" for cohort in cohorts if cohort in GENERATED]


def sealed(cohorts):
    """The numbers and reports of these cohorts, let out."""
    return [
        path
        for cohort in cohorts
        for path in numbers("release", cohort) + reports("release", cohort)
    ]


def start_page():
    """The start page and the lists of what is released, where there is a cohort to show."""
    names = ("index.html", "manifest.json", "ro-crate-metadata.json")
    return [f"results/release/{name}" for name in names] if SHOWN else []
