rule subset_fonts:
    input:
        fonts=shared_files(".ttf"),
    output:
        expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
    log:
        "logs/fonts/subset_fonts.log",
    conda:
        "../../environment.yml"
    params:
        code=code("subset_fonts.py"),
    message:
        "Lager små skrifttyper for nettsidene"
    script:
        "../scripts/subset_fonts.py"


rule build_report:
    input:
        tables=expand("results/review/{{report}}/{table}.csv", table=RELEASED),
        cohort="results/review/{report}/cohort.json",
        checks="results/review/{report}/checks.json",
        provenance="results/review/{report}/provenance.json",
        library="config/outcomes.yaml",
        strings="reports/_shared/strings/{lang}.yaml",
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        shared=shared_files(".j2", ".css", ".typ", ".ttf"),
    output:
        json="results/review/reports/{report}/{report}.{lang}.json",
        html="results/review/reports/{report}/{report}.{lang}.html",
        pdf="results/review/reports/{report}/{report}.{lang}.pdf",
    log:
        "logs/{report}/build_report.{lang}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("build_report.py"),
    message:
        "Skriver rapporten"
    script:
        "../scripts/build_report.py"


rule build_portal:
    input:
        comparison="results/review/comparison/comparison.csv",
        pairs="results/review/comparison/pairs.csv",
        synthesis="results/review/comparison/synthesis.csv",
        reports=[path for cohort in SHOWN for path in reports("review", cohort)],
        strings="reports/_shared/strings/nb.yaml",
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        shared=shared_files(".j2", ".css", ".js", ".ttf"),
    output:
        portal="results/review/portal/index.html",
    log:
        "logs/portal/build_portal.log",
    conda:
        "../../environment.yml"
    params:
        code=code("build_portal.py"),
    message:
        "Lager startsiden"
    script:
        "../scripts/build_portal.py"
