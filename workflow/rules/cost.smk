rule cost_cohort:
    input:
        estimates="results/review/{cohort}/estimates.csv",
        cohort="results/review/{cohort}/cohort.json",
        library="config/outcomes.yaml",
    output:
        cost="results/review/{cohort}/cost.csv",
    log:
        "logs/{cohort}/cost_cohort.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("cost_cohort.py"),
    message:
        "Regner på hva det koster"
    script:
        "../scripts/cost_cohort.py"
