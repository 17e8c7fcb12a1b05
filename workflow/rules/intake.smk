rule generate_delivery:
    output:
        directory("results/synthetic/{cohort}"),
    log:
        "logs/{cohort}/generate_delivery.log",
    wildcard_constraints:
        cohort=one_of(GENERATED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=generator_code,
        generator=lambda wildcards: GENERATED[wildcards.cohort],
        lock=LOCK,
    message:
        "Lager den syntetiske leveransen"
    script:
        "../scripts/generate_delivery.py"


rule read_delivery:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        delivery=delivery,
    output:
        **restricted(
            "{cohort}",
            "persons",
            "offices",
            "spells",
            "amounts",
            "outcomes",
            "aggregates",
            "findings",
            "intake_attrition",
        ),
        inputs="results/restricted/{cohort}/inputs.json",
    log:
        "logs/{cohort}/read_delivery.log",
        findings="logs/{cohort}/leveranse.html",
    wildcard_constraints:
        cohort=one_of(DELIVERED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
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
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("read_published.py"),
    message:
        "Leser og kontrollerer publiserte tall"
    script:
        "../scripts/read_published.py"
