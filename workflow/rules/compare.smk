rule compare_cohorts:
    input:
        cards=expand("cohorts/{cohort}/cohort.yaml", cohort=SHOWN),
        estimates=[compared(cohort) for cohort in SHOWN],
        checks=expand("results/restricted/{cohort}/checks.json", cohort=SHOWN),
    output:
        comparison="results/restricted/comparison/comparison.parquet",
        horizons="results/restricted/comparison/horizons.parquet",
        pairs="results/restricted/comparison/pairs.parquet",
        synthesis="results/restricted/comparison/synthesis.parquet",
    log:
        "logs/comparison/compare_cohorts.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("compare_cohorts.py"),
        cohorts=SHOWN,
        priors=config["synthesis_priors"],
    message:
        "Stiller kohortene ved siden av hverandre"
    script:
        "../scripts/compare_cohorts.py"
