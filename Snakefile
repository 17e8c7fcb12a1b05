"""Tiltakseffekt: from delivery to report. The includes follow the data; functions stand in common.smk alone."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/intake.smk"
include: "workflow/rules/panel.smk"
include: "workflow/rules/match.smk"
include: "workflow/rules/estimate.smk"
include: "workflow/rules/certify.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/release.smk"
include: "workflow/rules/cost.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/seal.smk"
include: "workflow/rules/notebooks.smk"


# Snakemake (9.27) takes another look at all jobs a second after every look, to keep its limit of 100 jobs a second, and
# each finished job begins such a chain: in the end hundreds of looks a second, a tenth of the time of a whole run. No
# option takes the limit away.
onstart:
    workflow.scheduler.job_rate_limiter = None


rule all:
    default_target: True
    input:
        sealed(COHORTS),
        start_page(),
        expand("results/notebooks/{notebook}.html", notebook=NOTEBOOKS),
