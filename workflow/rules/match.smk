rule match_persons:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        plan=plan_lock,
        months="results/restricted/{cohort}/months.parquet",
        baseline="results/restricted/{cohort}/baseline.parquet",
        attrition="results/restricted/{cohort}/panel_attrition.parquet",
        offices="results/restricted/{cohort}/offices.parquet",
    output:
        **restricted("{cohort}", *MATCHED_TABLES),
        sidecar="results/restricted/{cohort}/matching.json",
    log:
        "logs/{cohort}/match_persons.log",
    wildcard_constraints:
        cohort=one_of(MATCHED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("match_persons.py"),
    message:
        "Matcher deltakere med sammenligningspersoner"
    script:
        "../scripts/match_persons.py"
