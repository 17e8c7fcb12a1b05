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
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("seal_cohort.py"),
    message:
        "Leter etter personopplysninger og slipper ut"
    script:
        "../scripts/seal_cohort.py"


rule seal_portal:
    input:
        portal=[f"results/review/portal/{page_name(lang)}" for lang in LANGUAGES],
        comparison=expand(
            "results/review/comparison/{table}.csv", table=COMPARISON_TABLES
        ),
        reports=reports("review", COMPARISON_REPORT),
        cohorts=sealed(SHOWN),
        canaries=made_up(*COHORTS),
    output:
        portal=[update(f"results/release/{page_name(lang)}") for lang in LANGUAGES],
        comparison=[
            update(f"results/release/comparison/{table}.csv")
            for table in COMPARISON_TABLES
        ],
        reports=[update(path) for path in reports("release", COMPARISON_REPORT)],
        manifest=update("results/release/manifest.json"),
        crate=update("results/release/ro-crate-metadata.json"),
    log:
        "logs/portal/seal_portal.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("seal_portal.py"),
        cohorts=SHOWN,
        lock=LOCK,
        modules=module_digests(scripts(AFTERWARDS)),
        texts={path: short_digest(path) for path in REPORT_TEXTS},
    message:
        "Slipper ut startsiden og fører manifestet"
    script:
        "../scripts/seal_portal.py"
