"""A checked delivery on its way through files: read and told about, and found again by the next stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.cards import Card
from analysis.files import read_parquet, write_text
from analysis.findings_page import findings_html
from analysis.intake import Delivery, DeliveryRefused, read_delivery
from analysis.places import key_files
from analysis.pseudonyms import Key, key_from_environment, key_from_file


def read_and_tell(
    cohort: str, card: Card, folder: Path, *, spells: Path, page: Path, key: Key | None = None
) -> Delivery:
    """Read the delivery, and write the page of findings for whoever delivers: also when the delivery is refused.

    Raises DeliveryRefused as `read_delivery` does, after the page is written.
    """
    title = card.short_title.nb
    try:
        delivery = read_delivery(card, folder, cohort=cohort, spells=spells, key=key)
    except DeliveryRefused as refused:
        write_text(page, findings_html(title, refused.findings))
        raise
    write_text(page, findings_html(title, delivery.findings))
    return delivery


def pseudonym_key(cohort: str, card: Card, root: Path) -> Key | None:
    """The key that the card names, from the environment or a file; None when the card names none.

    Raises ProblemsFound when the key is not there or anybody else can read it.
    """
    if card.pseudonyms is None:
        return None
    if card.pseudonyms.environment is not None:
        return key_from_environment(card.pseudonyms.environment)
    return key_from_file(key_files({cohort: card}, root)[cohort])


def stored_delivery(paths: Mapping[str, Any]) -> Delivery:
    """The delivery from the files of the intake stage that a panel is built from; findings stay in their file."""
    frames = {name: read_parquet(paths[name]) for name in ("persons", "amounts", "outcomes")}
    return Delivery(
        **frames,
        offices=None,
        aggregates=None,
        spells=Path(paths["spells"]),
        findings=[],
        attrition=read_parquet(paths["intake_attrition"]),
    )
