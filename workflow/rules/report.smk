# A second's work that every report waits for: on a cluster too it is done where `make` runs.
localrules:
    subset_fonts,


rule subset_fonts:
    input:
        fonts=shared_files(".ttf"),
    output:
        expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
    log:
        "logs/fonts/subset_fonts.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("subset_fonts.py"),
    message:
        "Lager små skrifttyper for nettsidene"
    script:
        "../scripts/subset_fonts.py"


rule build_report:
    input:
        tables=expand(
            "results/review/{{report}}/{table}.csv", table=[*RELEASED, COST_TABLE]
        ),
        cohort="results/review/{report}/cohort.json",
        checks="results/review/{report}/checks.json",
        provenance="results/review/{report}/provenance.json",
        library="config/outcomes.yaml",
        strings=expand("reports/_shared/strings/{lang}.yaml", lang=LANGUAGES),
        abstract="reports/_shared/strings/en.yaml",
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        shared=shared_files(".j2", ".css", ".typ", ".ttf", ".docx"),
    output:
        reports("review", "{report}"),
    log:
        "logs/{report}/build_report.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("build_report.py"),
    message:
        "Skriver rapporten på hvert språk"
    script:
        "../scripts/build_report.py"


rule build_comparison:
    input:
        comparison="results/review/comparison/comparison.csv",
        horizons="results/review/comparison/horizons.csv",
        pairs="results/review/comparison/pairs.csv",
        synthesis="results/review/comparison/synthesis.csv",
        reports=[
            path
            for cohort in SHOWN
            for path in reports("review", cohort)
            if path.endswith(".json")
        ],
        cohorts=expand(
            "results/review/{cohort}/{name}.json",
            cohort=SHOWN,
            name=["cohort", "checks", "provenance"],
        ),
        costs=expand("results/review/{cohort}/cost.csv", cohort=SHOWN),
        questions="reports/sammenligning/questions.yaml",
        library="config/outcomes.yaml",
        strings=expand("reports/_shared/strings/{lang}.yaml", lang=LANGUAGES),
        abstract="reports/_shared/strings/en.yaml",
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        shared=shared_files(".j2", ".css", ".typ", ".ttf", ".docx"),
    output:
        annexed(*reports("review", COMPARISON_REPORT)),
    log:
        "logs/comparison/build_comparison.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("build_comparison.py"),
    message:
        "Skriver rapporten som stiller kohortene side om side"
    script:
        "../scripts/build_comparison.py"


rule build_portal:
    input:
        comparison="results/review/comparison/comparison.csv",
        pairs="results/review/comparison/pairs.csv",
        synthesis="results/review/comparison/synthesis.csv",
        costs=expand("results/review/{cohort}/cost.csv", cohort=SHOWN),
        reports=[
            path
            for report in [*SHOWN, COMPARISON_REPORT]
            for path in reports("review", report)
        ],
        strings=expand("reports/_shared/strings/{lang}.yaml", lang=LANGUAGES),
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        shared=shared_files(".j2", ".css", ".js", ".ttf"),
    output:
        portal=[f"results/review/portal/{page_name(lang)}" for lang in LANGUAGES],
    log:
        "logs/portal/build_portal.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=code("build_portal.py"),
        languages=LANGUAGES,
    message:
        "Lager startsiden"
    script:
        "../scripts/build_portal.py"
