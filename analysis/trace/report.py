"""The whole trace of a number or an estimate: read, find, follow, and say."""

from collections.abc import Iterable
from pathlib import Path

from analysis.cards import Card
from analysis.problems import Problem, ProblemsFound
from analysis.trace.asked import ESTIMATE_ID, matching, nearest, read_number
from analysis.trace.cells import Cell, owner
from analysis.trace.folder import Folder
from analysis.trace.origin import Estimate, estimates_behind
from analysis.trace.printed import Printed, printed_numbers
from analysis.trace.standing import card_words, code_words, file_words
from analysis.trace.values import cell
from analysis.trace.words import About, entry, number_words, run_words

Behind = tuple[Printed, str, Cell, list[Estimate]]


class Trace:
    """A trace in one report of a released folder. `root` is the project that the folder belongs to, where it is here:
    the restricted area and the cards lie in it."""

    def __init__(self, folder: str | Path, report: str, language: str, root: str | Path = "."):
        self.folder, self.report, self.language, self.root = Folder(folder), report, language, Path(root)
        self.file = f"reports/{report}/{report}.{language}.json"
        if not self.folder.has(self.file):
            raise ProblemsFound("Ingenting kan spores.", [self._no_report(language)])
        self.model = self.folder.json(self.file)
        self.numbers = printed_numbers(self.model)
        self.decimal = self.model["formats"]["decimal"]

    def _no_report(self, language: str) -> Problem:
        known = sorted(path.name for path in self.folder.path.glob("reports/*") if path.is_dir())
        if self.report in known:
            return Problem(
                self.report, f"rapporten finnes ikke på språket «{language}».", "Skriv LANGUAGE=nb, nn eller en."
            )
        mend = f"Rapporter: {', '.join(known)}." if known else "Kjør make først."
        what = f"rapporten «{self.report}» er ikke sluppet ut." if self.report else "rapporten er ikke oppgitt."
        return Problem(f"{self.folder.path}/reports", what, mend)

    def of_number(self, text: str) -> list[str]:
        """The chain behind every place where a number is printed; ProblemsFound when it is not in the report."""
        asked = read_number(text, self.decimal)
        if asked is None:
            raise ProblemsFound(
                "Tallet kan ikke spores.",
                [Problem("NUMBER", f"«{text}» er ikke et tall.", "Skriv for eksempel 6,1 eller 29,7 %.")],
            )
        found = matching(asked, self.numbers, self.decimal)
        if not found:
            near = nearest(asked, self.numbers, self.decimal)
            mend = f"De nærmeste som står der: {'; '.join(near)}." if near else "Rapporten har ingen tall."
            raise ProblemsFound("Tallet kan ikke spores.", [Problem(self.file, f"{text} står ikke i rapporten.", mend)])
        return self._told(text, found)

    def of_estimate(self, name: str) -> list[str]:
        """The chain behind every number that a report prints of one row of estimates."""
        found = [number for number in self.numbers if number.record["source"]["row"] == name]
        if found:
            return self._told(f"anslaget {name}", found)
        if not ESTIMATE_ID.fullmatch(name):
            what, mend = f"«{name}» er ikke id-en til et anslag.", "En id er ti tegn, som 6f49682f6f."
            raise ProblemsFound("Anslaget kan ikke spores.", [Problem("ESTIMATE", what, mend)])
        own = [cohort for cohort in self.folder.cohorts() if self._has(cohort, name)]
        mend = (
            f"Raden står i {own[0]}/estimates.csv, men rapporten skriver den ikke."
            if own
            else "Ingen kohort har en slik rad."
        )
        raise ProblemsFound("Anslaget kan ikke spores.", [Problem(self.file, f"{name} står ikke i rapporten.", mend)])

    def _has(self, cohort: str, name: str) -> bool:
        return bool(self.folder.ids(f"{cohort}/estimates.csv").eq(name).any())

    def _told(self, what: str, found: Iterable[Printed]) -> list[str]:
        behind = [self._behind(number) for number in found]
        count = f"{len(behind)} {'celle' if len(behind) == 1 else 'celler'}"
        lines = [f"{what} i rapporten {self.report} ({self.language}): {count} bak tallet, hver med sin kjede."]
        cohorts: dict[str, list[int]] = {}
        for place, (number, cohort, own, estimates) in enumerate(behind, start=1):
            cohorts.setdefault(cohort, []).append(place)
            lines += ["", *number_words(place, number, own, estimates, self._about(cohort))]
        for cohort, places in cohorts.items():
            lines += ["", *self._run(cohort, places)] if cohort else []
        return [*lines, "", *entry("Filene", file_words(self.folder, self._files(behind)), indent=0)]

    def _behind(self, number: Printed) -> Behind:
        cohort = owner(number.record["source"], self.report)
        own = cell(self.folder, cohort, number.record)
        return number, cohort, own, estimates_behind(self.folder, cohort, own) if cohort else []

    def _about(self, cohort: str) -> About:
        known = cohort or self.folder.cohorts()[0]
        provenance = self.folder.json(f"{known}/provenance.json")
        return About(cohort, self._card(known), provenance, self.root / "results" / "restricted")

    def _card(self, cohort: str) -> Card:
        return Card.model_validate(self.folder.json(f"{cohort}/cohort.json")["card"])

    def _run(self, cohort: str, places: list[int]) -> list[str]:
        provenance = self.folder.json(f"{cohort}/provenance.json")
        listed = "tall " + ", ".join(map(str, places[:8])) + (" …" if len(places) > 8 else "")
        card = self._card(cohort)
        lines = run_words(cohort, self.folder, provenance, card, listed)
        now = [*card_words(cohort, provenance, self.root / "cohorts"), *code_words(card, provenance)]
        return lines + entry("Nå", now)

    def _files(self, behind: Iterable[Behind]) -> list[str]:
        read = {self.file}
        for _, cohort, own, estimates in behind:
            read |= {own.file, *(f"{cohort}/{name}.json" for name in ("cohort", "provenance") if cohort)}
            read |= {f"{one.cohort}/estimates.csv" for one in estimates}
        return sorted(read)
