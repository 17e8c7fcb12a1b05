"""Tiltakseffekt: from cohort data about follow-up towards work to reports that compare interventions.

The modules follow the data: delivery, intake, panel, matching, did, checks, compare, release, report, seal.
Nothing here imports Snakemake; the adapters in ``workflow/scripts`` do that.
"""

__version__ = "0.3.0"
