rule estimate_did:
    input:
        **restricted("{cohort}", *MATCHED_TABLES),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
        inputs="results/restricted/{cohort}/inputs.json",
        months="results/restricted/{cohort}/months.parquet",
        baseline="results/restricted/{cohort}/baseline.parquet",
        offices="results/restricted/{cohort}/offices.parquet",
    output:
        **restricted("{cohort}", "estimates", "cells", "influence", "sets", "missing"),
    log:
        "logs/{cohort}/estimate_did.log",
    wildcard_constraints:
        cohort=one_of(MATCHED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=estimating_code,
        lock=LOCK,
    message:
        "Anslår forskjeller"
    script:
        "../scripts/estimate_did.py"


rule estimate_staggered:
    input:
        **restricted("{cohort}", "months", "baseline", "offices", "aggregates"),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
        inputs="results/restricted/{cohort}/inputs.json",
        panel_attrition="results/restricted/{cohort}/panel_attrition.parquet",
    output:
        **restricted(
            "{cohort}",
            *("estimates", "office_cells", "series", "funnel"),
            *("family", "family_weights", "bacon"),
            *("synthetic_paths", "donors", "synthetic_fit"),
            *("cells", "balance", "attrition"),
            *("event_covariance", "influence", "missing", "placebo_offices"),
        ),
    log:
        "logs/{cohort}/estimate_staggered.log",
    wildcard_constraints:
        cohort=one_of(STAGGERED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=estimating_code,
        lock=LOCK,
    message:
        "Anslår forskjeller etter innføringsmåned"
    script:
        "../scripts/estimate_staggered.py"


rule estimate_trial:
    input:
        **restricted("{cohort}", "months", "baseline", "offices"),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
        inputs="results/restricted/{cohort}/inputs.json",
        panel_attrition="results/restricted/{cohort}/panel_attrition.parquet",
    output:
        **restricted(
            "{cohort}",
            *("estimates", "cells", "permutation"),
            *("office_sizes", "balance", "attrition", "missing", "influence"),
        ),
    log:
        "logs/{cohort}/estimate_trial.log",
    wildcard_constraints:
        cohort=one_of(TRIALS),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=estimating_code,
        lock=LOCK,
    message:
        "Anslår forskjeller mellom gruppene som ble trukket"
    script:
        "../scripts/estimate_trial.py"


rule estimate_planned:
    input:
        **restricted(
            "{cohort}",
            *("persons", "spells", "amounts", "outcomes"),
            *("offices", "aggregates", "intake_attrition"),
        ),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan="cohorts/{cohort}/plan.lock",
        inputs="results/restricted/{cohort}/inputs.json",
    output:
        planned="results/restricted/{cohort}/planned.parquet",
    log:
        "logs/{cohort}/estimate_planned.log",
    wildcard_constraints:
        cohort=one_of(DEVIATING),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("estimate_planned.py"),
        lock=LOCK,
    message:
        "Anslår det som var planlagt"
    script:
        "../scripts/estimate_planned.py"


rule estimate_subgroups:
    input:
        unpack(matched_tables),
        **restricted("{cohort}", "months", "baseline", "offices", "panel_attrition"),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
    output:
        subgroups="results/restricted/{cohort}/subgroups.parquet",
    log:
        "logs/{cohort}/estimate_subgroups.log",
    wildcard_constraints:
        cohort=one_of(SUBGROUPED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("estimate_subgroups.py"),
    message:
        "Anslår undergruppene"
    script:
        "../scripts/estimate_subgroups.py"


rule specification_grid:
    input:
        unpack(of_the_grid),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
    output:
        **restricted("{cohort}", *GRID_TABLES),
    log:
        "logs/{cohort}/specification_grid.log",
    wildcard_constraints:
        cohort=one_of(GRIDDED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("specification_grid.py"),
    message:
        "Regner alle analysene i kortet og prøver dem samlet"
    script:
        "../scripts/specification_grid.py"


rule describe_cohort:
    input:
        **restricted("{cohort}", "months", "baseline", "offices", "aggregates"),
        card="cohorts/{cohort}/cohort.yaml",
        library="config/outcomes.yaml",
        plan=plan_lock,
        panel_attrition="results/restricted/{cohort}/panel_attrition.parquet",
    output:
        **restricted("{cohort}", "estimates", "cells", "balance", "attrition"),
    log:
        "logs/{cohort}/describe_cohort.log",
    wildcard_constraints:
        cohort=one_of(DESCRIBED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=estimating_code,
    message:
        "Beskriver gruppene over tid"
    script:
        "../scripts/describe_cohort.py"


rule estimate_published:
    input:
        card="cohorts/{cohort}/cohort.yaml",
        plan=plan_lock,
        inputs="results/restricted/{cohort}/inputs.json",
        figures="results/restricted/{cohort}/figures.json",
    output:
        estimates="results/restricted/{cohort}/estimates.parquet",
        scenarios="results/restricted/{cohort}/scenarios.parquet",
        ranges="results/restricted/{cohort}/ranges.parquet",
        attrition="results/restricted/{cohort}/attrition.parquet",
        moderators="results/restricted/{cohort}/moderators.parquet",
    log:
        "logs/{cohort}/estimate_published.log",
    wildcard_constraints:
        cohort=one_of(PUBLISHED),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=estimating_code,
        lock=LOCK,
    message:
        "Regner på alle tabeller som passer med de publiserte tallene"
    script:
        "../scripts/estimate_published.py"
