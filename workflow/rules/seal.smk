rule seal_cohort:
    input:
        numbers=lambda wildcards: numbers("review", wildcards.cohort),
        reports=lambda wildcards: reports("review", wildcards.cohort),
        canaries=lambda wildcards: made_up(wildcards.cohort),
        card="cohorts/{cohort}/cohort.yaml",
        profiles=profiles,
        signoff=sign_off,
        declared=declared,
    output:
        numbers=[update(f"results/release/{{cohort}}/{name}") for name in REVIEW_FILES],
        reports=[
            update(f"results/release/reports/{{cohort}}/{{cohort}}.{lang}.{kind}")
            for lang in LANGUAGES
            for kind in REPORT_KINDS
        ],
    log:
        "logs/{cohort}/seal_cohort.log",
    conda:
        "../../environment.yml"
    params:
        code=code("seal_cohort.py"),
    message:
        "Leter etter personopplysninger og slipper ut"
    script:
        "../scripts/seal_cohort.py"


rule seal_portal:
    input:
        portal="results/review/portal/index.html",
        comparison=[
            "results/review/comparison/comparison.csv",
            "results/review/comparison/pairs.csv",
            "results/review/comparison/synthesis.csv",
        ],
        cohorts=sealed(SHOWN),
        canaries=made_up(*COHORTS),
    output:
        portal=update("results/release/index.html"),
        comparison=[
            update("results/release/comparison/comparison.csv"),
            update("results/release/comparison/pairs.csv"),
            update("results/release/comparison/synthesis.csv"),
        ],
        manifest=update("results/release/manifest.json"),
        crate=update("results/release/ro-crate-metadata.json"),
    log:
        "logs/portal/seal_portal.log",
    conda:
        "../../environment.yml"
    params:
        code=code("seal_portal.py"),
        cohorts=SHOWN,
        lock=LOCK,
    message:
        "Slipper ut startsiden og fører manifestet"
    script:
        "../scripts/seal_portal.py"
