rule read_delivery:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        delivery=delivery,
    output:
        persons="results/restricted/{cohort}/persons.parquet",
        outcomes="results/restricted/{cohort}/outcomes.parquet",
        inputs="results/restricted/{cohort}/inputs.json",
    log:
        "logs/{cohort}/read_delivery.log",
    wildcard_constraints:
        cohort=one_of(PERSONS),
    conda:
        "../../environment.yml"
    params:
        code=code("read_delivery.py"),
    message:
        "Leser og kontrollerer leveransen"
    script:
        "../scripts/read_delivery.py"


rule read_published:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        figures="cohorts/{cohort}/published.yaml",
        library="config/outcomes.yaml",
    output:
        figures="results/restricted/{cohort}/figures.json",
        inputs="results/restricted/{cohort}/inputs.json",
    log:
        "logs/{cohort}/read_published.log",
    wildcard_constraints:
        cohort=one_of(PUBLISHED),
    conda:
        "../../environment.yml"
    params:
        code=code("read_published.py"),
    message:
        "Leser og kontrollerer publiserte tall"
    script:
        "../scripts/read_published.py"
