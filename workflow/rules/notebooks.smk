# Pages for those who work here; they are not released. Each reads what its own header says, and nothing restricted.
rule build_notebook:
    input:
        notebook="notebooks/{notebook}.py",
        reads=lambda wildcards: NOTEBOOKS[wildcards.notebook].reads,
        fonts=expand("results/review/fonts/{weight}.woff2", weight=FONT_WEIGHTS),
        page=["reports/notebook/index.html.j2", "reports/notebook/notebook.css"],
        shared=[
            f"{SHARED}/{name}"
            for name in ("blocks.html.j2", "report.css", "findings.css")
        ],
        drawn=shared_files(".ttf"),
    output:
        "results/notebooks/{notebook}.html",
    log:
        "logs/notebooks/{notebook}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        code=notebook_code,
    message:
        "Kjører notatboken"
    script:
        "../scripts/build_notebook.py"
