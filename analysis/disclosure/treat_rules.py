"""Which rule each table has, of those that ask more than what is published of each arm."""

from analysis.disclosure.treat_curve import treated_specification_tests, treated_specifications
from analysis.disclosure.treat_effects import treated_family, treated_honest, treated_planned
from analysis.disclosure.treat_others import treated_certificate, treated_findings, treated_profile
from analysis.disclosure.treat_overlap import treated_overlap
from analysis.disclosure.treat_subgroups import treated_subgroups

RULES = {
    "planned": treated_planned,
    "family": treated_family,
    "honest": treated_honest,
    "specifications": treated_specifications,
    "specification_tests": treated_specification_tests,
    "certificate": treated_certificate,
    "profile": treated_profile,
    "findings": treated_findings,
    "subgroups": treated_subgroups,
    "overlap": treated_overlap,
}
