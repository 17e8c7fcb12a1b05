"""Matching and weighting: one module per method, all giving `found.Match`."""

from analysis.matching.found import Match, pair_clusters
from analysis.matching.neighbour_task import common_support
from analysis.matching.neighbours import match, match_distance
from analysis.matching.spec import MatchingSpec
from analysis.matching.ties import TieRange, tie_averaged_weights, tie_range

__all__ = [
    "Match",
    "MatchingSpec",
    "TieRange",
    "common_support",
    "match",
    "match_distance",
    "pair_clusters",
    "tie_averaged_weights",
    "tie_range",
]
