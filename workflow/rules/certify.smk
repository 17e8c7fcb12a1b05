rule certify_cohort:
    input:
        **restricted(
            "{cohort}",
            *("months", "baseline", "panel_attrition", "offices", "aggregates"),
        ),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
    output:
        certificate="results/restricted/{cohort}/certificate.json",
        table="results/restricted/{cohort}/certificate.parquet",
    log:
        "logs/{cohort}/certify_cohort.log",
    wildcard_constraints:
        cohort=one_of(CERTIFIED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("certify_cohort.py"),
    message:
        "Prøver planen på oppdiktede undersøkelser"
    script:
        "../scripts/certify_cohort.py"
