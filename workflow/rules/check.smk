rule check_matched:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        certificate="results/restricted/{cohort}/certificate.json",
        estimates="results/restricted/{cohort}/estimates.parquet",
        balance="results/restricted/{cohort}/balance.parquet",
        matching="results/restricted/{cohort}/matching.parquet",
        influence="results/restricted/{cohort}/influence.parquet",
        sets="results/restricted/{cohort}/sets.parquet",
        missing="results/restricted/{cohort}/missing.parquet",
    output:
        checks="results/restricted/{cohort}/checks.json",
    log:
        "logs/{cohort}/check_matched.log",
    wildcard_constraints:
        cohort=one_of(MATCHED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("check_matched.py"),
    message:
        "Prøver hva tallene bærer"
    script:
        "../scripts/check_matched.py"


rule check_staggered:
    input:
        **restricted(
            "{cohort}",
            *("estimates", "event_covariance", "influence", "office_cells"),
            *("missing", "placebo_offices"),
        ),
        card="cohorts/{cohort}/cohort.yaml",
        certificate="results/restricted/{cohort}/certificate.json",
    output:
        checks="results/restricted/{cohort}/checks.json",
        honest="results/restricted/{cohort}/honest.parquet",
    log:
        "logs/{cohort}/check_staggered.log",
    wildcard_constraints:
        cohort=one_of(STAGGERED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("check_staggered.py"),
    message:
        "Prøver hva tallene bærer"
    script:
        "../scripts/check_staggered.py"


rule check_trial:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        certificate="results/restricted/{cohort}/certificate.json",
        estimates="results/restricted/{cohort}/estimates.parquet",
        balance="results/restricted/{cohort}/balance.parquet",
        attrition="results/restricted/{cohort}/attrition.parquet",
        missing="results/restricted/{cohort}/missing.parquet",
        influence="results/restricted/{cohort}/influence.parquet",
    output:
        checks="results/restricted/{cohort}/checks.json",
    log:
        "logs/{cohort}/check_trial.log",
    wildcard_constraints:
        cohort=one_of(TRIALS),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("check_trial.py"),
    message:
        "Prøver hva tallene bærer"
    script:
        "../scripts/check_trial.py"


rule check_described:
    input:
        card="cohorts/{cohort}/cohort.yaml",
    output:
        checks="results/restricted/{cohort}/checks.json",
    log:
        "logs/{cohort}/check_described.log",
    wildcard_constraints:
        cohort=one_of(DESCRIBED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("check_described.py"),
    message:
        "Prøver hva tallene bærer"
    script:
        "../scripts/check_described.py"


rule check_published:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        estimates="results/restricted/{cohort}/estimates.parquet",
        figures="results/restricted/{cohort}/figures.json",
    output:
        checks="results/restricted/{cohort}/checks.json",
    log:
        "logs/{cohort}/check_published.log",
    wildcard_constraints:
        cohort=one_of(PUBLISHED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("check_published.py"),
    message:
        "Prøver hva tallene bærer"
    script:
        "../scripts/check_published.py"
