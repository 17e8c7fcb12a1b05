"""What a panel with staggered adoption must be before anything is estimated, and who is left out of it.

All problems are raised at once; messages count persons and never hold a value of one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.months import month_text
from analysis.problems import Problem, stop_if_any
from analysis.staggered.design import Design

HEADING = "Panelet kan ikke brukes til trinnvis forskjell-i-forskjeller:"
# An adoption month so many months from the panel is a code for something, not a month.
FAR_AWAY = 600
SMALL = 5


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of the columns of a panel. `treated`: 0 and 1 by month, when the delivery has it."""

    person: str = "person_id"
    office: str = "office_id"
    month: str = "month"
    adoption: str = "adoption_month"
    treated: str | None = None


@dataclass(frozen=True)
class Checked:
    """`panel` in use, float64 outcome; `ledger`: reason, persons, rows of what was left out, in order; `notes`: what
    the reader has to be told, by id and as a sentence."""

    panel: pd.DataFrame
    ledger: pd.DataFrame
    notes: dict[str, str]


def checked_panel(panel: pd.DataFrame, design: Design, *, outcome: str, columns: Columns | None = None) -> Checked:
    """The rows that the design can use. A missing adoption month means never treated, and nothing else does.

    Raises ProblemsFound for: missing or unusable columns; person-months that are there twice; an adoption month or an
    office that is not one per person; treatment that ends, or that does not start in the adoption month; codes in the
    place of a missing adoption month; months without anybody; one office; nobody to follow before adoption.
    """
    names = columns or Columns()
    _refuse_absent(panel, design, outcome, names)
    stop_if_any(HEADING, [*_key_problems(panel, design, outcome, names), *_treatment_problems(panel, design, names)])
    used, ledger = _without_dropped(panel, design, outcome, names)
    stop_if_any(HEADING, _empty_problems(used, names))
    return Checked(used.astype({outcome: "float64"}), ledger, _notes(used, design, names))


def _refuse_absent(panel: pd.DataFrame, design: Design, outcome: str, names: Columns) -> None:
    wanted = [names.person, names.office, names.month, names.adoption, outcome, names.treated, design.weight]
    absent = [name for name in wanted if name is not None and name not in panel.columns]
    mend = "Se på kolonneoversikten i kortet."
    stop_if_any(HEADING, [Problem(f"kolonnen «{name}»", "finnes ikke i panelet.", mend) for name in absent])


def _key_problems(panel: pd.DataFrame, design: Design, outcome: str, names: Columns) -> list[Problem]:
    person, month, office = panel[names.person], panel[names.month], panel[names.office]
    twice = int(panel.duplicated([names.person, names.month]).sum())
    weight = None if design.weight is None else panel[design.weight].to_numpy(dtype="float64", na_value=np.nan)
    bad = 0 if weight is None else int((~np.isfinite(weight) | (weight < 0)).sum())
    values = panel[outcome].to_numpy(dtype="float64", na_value=np.nan)
    found = (
        (names.person, int(person.isna().sum()), "rader mangler person.", "Gi hver rad en person."),
        (names.month, int(month.isna().sum()), "rader mangler måned.", "Gi hver rad en måned."),
        (names.office, int(office.isna().sum()), "rader mangler kontor.", "Gi hver person kontoret ved oppstart."),
        (names.person, twice, "personmåneder finnes mer enn én gang.", "Behold én rad per person og måned."),
        (names.office, _varying(panel, names.person, names.office), "personer har mer enn ett kontor.",
         "Bruk kontoret personen hørte til ved oppstart, i alle måneder."),
        (design.weight, bad, "vekter mangler eller er negative.", "Gi alle en vekt på 0 eller mer."),
        (outcome, int(np.isinf(values).sum()), "utfall er uendelige.", "La ukjente utfall stå tomme."),
    )  # fmt: skip
    problems = [Problem(f"kolonnen «{name}»", f"{count} {what}", mend) for name, count, what, mend in found if count]
    return [*problems, *_gap_problems(month.dropna(), names)]


def _gap_problems(month: pd.Series, names: Columns) -> list[Problem]:
    present = month.unique()
    absent = np.setdiff1d(np.arange(present.min(), present.max() + 1), present) if len(present) else []
    if not len(absent):
        return []
    what = f"{len(absent)} måneder midt i perioden har ingen rader, den første er {month_text(int(absent[0]))}."
    return [Problem(f"kolonnen «{names.month}»", what, "Lever månedene, eller avgrens perioden i kortet.")]


def _treatment_problems(panel: pd.DataFrame, design: Design, names: Columns) -> list[Problem]:
    where, adoption = f"kolonnen «{names.adoption}»", panel[names.adoption]
    problems = []
    if varying := _varying(panel, names.person, names.adoption):
        what = f"{varying} personer har mer enn én oppstartsmåned, eller en i noen måneder og ingen i andre."
        problems.append(Problem(where, what, "Oppstartsmåneden skal være den samme i alle radene til en person."))
    if coded := _coded(panel, names):
        what = f"{coded} personer har en oppstartsmåned mer enn {FAR_AWAY // 12} år fra panelet, altså en kode."
        problems.append(Problem(where, what, "La oppstartsmåneden stå tom for dem som aldri får tiltaket."))
    if adoption.isna().all():
        what = "ingen har en oppstartsmåned, så ingen får tiltaket."
        problems.append(Problem(where, what, "Se om kolonnen er lest riktig."))
    return problems if names.treated is None else [*problems, *_flag_problems(panel, names)]


def _coded(panel: pd.DataFrame, names: Columns) -> int:
    adopted = panel[names.adoption].to_numpy(dtype="float64", na_value=np.nan)
    month = panel[names.month].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(invalid="ignore"):
        far = (adopted < np.nanmin(month) - FAR_AWAY) | (adopted > np.nanmax(month) + FAR_AWAY)
    return int(panel.loc[far, names.person].nunique())


def _flag_problems(panel: pd.DataFrame, names: Columns) -> list[Problem]:
    """The monthly flag against the adoption month: it must switch on there, and never off."""
    where, ordered = f"kolonnen «{names.treated}»", panel.sort_values([names.person, names.month])
    flag = ordered[names.treated].to_numpy(dtype="float64", na_value=np.nan)
    if unusable := int((~np.isin(flag, (0, 1))).sum()):
        return [Problem(where, f"{unusable} rader har ikke 0 eller 1.", "Rett opp kolonnen.")]
    same = (ordered[names.person] == ordered[names.person].shift()).to_numpy()
    off = same & (np.diff(flag, prepend=flag[:1]) < 0)
    adopted = ordered[names.adoption].to_numpy(dtype="float64", na_value=np.nan)
    on = np.where(np.isnan(adopted), 0.0, ordered[names.month].to_numpy(dtype="float64") >= adopted)
    people = ordered[names.person]
    ended, never = people[off].nunique(), people[np.isnan(adopted) & (flag == 1)].nunique()
    apart = people[(on != flag) & ~np.isnan(adopted)].nunique() if not ended else 0
    found = (
        (ended, "personer får tiltaket i en måned og ikke i en senere; metoden forutsetter at tiltaket varer.",
         "Regn tiltaket som noe en har fått fra første måned av, eller velg en metode for tiltak som slutter."),
        (never, "personer får tiltaket, men mangler oppstartsmåned og ville blitt regnet som ubehandlet.",
         f"Fyll ut «{names.adoption}» for dem som får tiltaket; tom skal bare bety aldri."),
        (apart, "personer får ikke tiltaket fra og med oppstartsmåneden.", "Sett den til første måned med tiltak."),
    )  # fmt: skip
    return [Problem(where, f"{count} {what}", mend) for count, what, mend in found if count]


def _without_dropped(
    panel: pd.DataFrame, design: Design, outcome: str, names: Columns
) -> tuple[pd.DataFrame, pd.DataFrame]:
    first, used, rows = panel[names.month].min(), panel, []

    def left_out(reason: str, gone: pd.Series) -> pd.DataFrame:
        rows.append((reason, used.loc[gone, names.person].nunique(), int(gone.sum())))
        return used[~gone]

    adopted = used[names.adoption].astype("Float64")
    early = (adopted - design.anticipation - 1 < first).fillna(False).astype(bool)
    used = left_out("adopted_before_window", early)
    if design.sampling == "panel" and design.missing == "drop_person":
        months = panel[names.month].nunique()
        unknown = used[outcome].isna().groupby(used[names.person]).transform("any")
        used = left_out("missing_outcome", unknown)
        short = used.groupby(names.person)[names.month].transform("size") < months
        used = left_out("missing_month", short)
    else:
        used = left_out("missing_outcome_in_month", used[outcome].isna())
    ledger = pd.DataFrame(rows, columns=["reason", "persons", "rows"])
    return used.reset_index(drop=True), ledger[ledger["rows"] > 0].reset_index(drop=True)


def _empty_problems(used: pd.DataFrame, names: Columns) -> list[Problem]:
    if used.empty or used[names.adoption].isna().all():
        what = "ingen med tiltak står igjen når de uten måned før oppstart og de uten utfall er tatt ut."
        return [Problem("utvalget", what, "Utvid perioden bakover, eller behold personer måned for måned (pairwise).")]
    if used[names.office].nunique() < 2:
        what = "alle personene hører til ett kontor, så usikkerhet mellom kontorer kan ikke anslås."
        return [Problem(f"kolonnen «{names.office}»", what, "Ta med flere kontorer.")]
    return []


def _notes(used: pd.DataFrame, design: Design, names: Columns) -> dict[str, str]:
    """What is told beside the results, in Norwegian."""
    notes = {
        "missing": "Personer som mangler utfall i en måned, er tatt helt ut."
        if design.missing == "drop_person"
        else "Personer teller i de månedene der utfallet er kjent."
    }
    late = (used[names.adoption].astype("Float64") > used[names.month].max() + design.anticipation).fillna(False)
    if late.any():
        persons = used.loc[late.astype(bool), names.person].nunique()
        notes["adopts_after_window"] = f"{persons} personer starter etter siste måned og regnes som uten tiltak."
    sizes = used.groupby([names.office, names.adoption, names.month], dropna=False).size()
    if small := int((sizes < SMALL).sum()):
        notes["small_cells"] = f"{small} av {len(sizes)} celler bygger på færre enn {SMALL} personer."
    return notes


def _varying(panel: pd.DataFrame, person: str, column: str) -> int:
    """Persons with more than one value of a column, missing counted as one of them."""
    pairs = panel[[person, column]].drop_duplicates()
    return int(pairs[person].value_counts().gt(1).sum())
