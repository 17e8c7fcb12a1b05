rule build_panel:
    input:
        **restricted(
            "{cohort}", "persons", "spells", "amounts", "outcomes", "intake_attrition"
        ),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
    output:
        months="results/restricted/{cohort}/months.parquet",
        baseline="results/restricted/{cohort}/baseline.parquet",
        attrition="results/restricted/{cohort}/panel_attrition.parquet",
    log:
        "logs/{cohort}/build_panel.log",
    wildcard_constraints:
        cohort=one_of(DELIVERED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("build_panel.py"),
    message:
        "Bygger persontabell og utfall over tid"
    script:
        "../scripts/build_panel.py"
