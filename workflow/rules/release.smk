rule release_cohort:
    input:
        unpack(releasable),
        card="cohorts/{cohort}/cohort.yaml",
        plan=plan_lock,
        translations=translations,
        checklists=checklists,
        answers=checklist_answers,
        profiles=profiles,
        inputs="results/restricted/{cohort}/inputs.json",
        checks="results/restricted/{cohort}/checks.json",
        figures=lambda wildcards: (
            f"results/restricted/{wildcards.cohort}/figures.json"
            if wildcards.cohort in PUBLISHED
            else []
        ),
    output:
        tables=annexed(
            *expand("results/review/{{cohort}}/{table}.csv", table=RELEASED),
            cohort="{cohort}",
        ),
        cohort="results/review/{cohort}/cohort.json",
        checks=captioned("results/review/{cohort}/checks.json", "{cohort}"),
        provenance=captioned("results/review/{cohort}/provenance.json", "{cohort}"),
        declared="results/restricted/{cohort}/declared.json",
    log:
        "logs/{cohort}/release_cohort.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("release_cohort.py"),
        estimated=estimating_code,
        lock=LOCK,
        modules=modules,
        settings=settings,
    message:
        "Behandler tallene etter kortets profil for personvern"
    script:
        "../scripts/release_cohort.py"


rule release_comparison:
    input:
        comparison="results/restricted/comparison/comparison.parquet",
        horizons="results/restricted/comparison/horizons.parquet",
        pairs="results/restricted/comparison/pairs.parquet",
        synthesis="results/restricted/comparison/synthesis.parquet",
        ledgers=expand("results/review/{cohort}/provenance.json", cohort=SHOWN),
    output:
        comparison=captioned("results/review/comparison/comparison.csv"),
        horizons=captioned("results/review/comparison/horizons.csv"),
        pairs=captioned("results/review/comparison/pairs.csv"),
        synthesis="results/review/comparison/synthesis.csv",
    log:
        "logs/comparison/release_comparison.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("release_comparison.py"),
    message:
        "Behandler sammenligningen"
    script:
        "../scripts/release_comparison.py"
