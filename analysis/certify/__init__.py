"""`make certify`: the planned analysis tried on made-up persons in the cohort's own structure.

The structure is offices, sizes, who adopted when, shares of all groups together, and how alike an office's persons are.
Persons are drawn; no outcome of a person is used again, and no estimate of the effect is made. One module per design.
"""

from analysis.certify.certificate import Certificate, certificate, certificate_words, one_at_a_time
from analysis.certify.draws import Bounds, Drawn, summarised

__all__ = ["Bounds", "Certificate", "Drawn", "certificate", "certificate_words", "one_at_a_time", "summarised"]
