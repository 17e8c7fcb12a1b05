rule match_persons:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        months="results/restricted/{cohort}/months.parquet",
        baseline="results/restricted/{cohort}/baseline.parquet",
        attrition="results/restricted/{cohort}/panel_attrition.parquet",
    output:
        weights="results/restricted/{cohort}/weights.parquet",
        balance="results/restricted/{cohort}/balance.parquet",
        overlap="results/restricted/{cohort}/overlap.parquet",
        matching="results/restricted/{cohort}/matching.parquet",
        attrition="results/restricted/{cohort}/attrition.parquet",
    log:
        "logs/{cohort}/match_persons.log",
    wildcard_constraints:
        cohort=one_of(MATCHED),
    conda:
        "../../environment.yml"
    params:
        code=code("match_persons.py"),
    message:
        "Matcher deltakere med sammenligningspersoner"
    script:
        "../scripts/match_persons.py"
