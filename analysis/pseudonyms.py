"""An optional keyed step from the ids of a delivery to pseudonyms, and dense ids in an order that says nothing.

Pseudonym: BLAKE2b (RFC 7693) of the id, 64 bits in hex, keyed, with the cohort as personalisation, so that two cohorts
cannot be linked. Without a key the step is worthless: there are about 30 million identity numbers, and hashing them
all takes minutes. The key is at least 32 random bytes and comes from a file that only its owner can read (mode 0600)
or from an environment variable; never from YAML or a command line, and it is in no message, log or pickle.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.problems import Problem, ProblemsFound

KEY_BYTES, LONGEST_KEY = 32, hashlib.blake2b.MAX_KEY_SIZE
KEY_MODE = 0o600
PSEUDONYM_BYTES = 8
PERSON, ORDER = "person", "order"
TEXTS_AT_ONCE = 50_000
HEADING = "Nøkkelen til pseudonymer kan ikke brukes."
MAKE_ONE = "Lag en ny nøkkel med minst 32 tilfeldige byte, skrevet som 64 heksadesimale tegn."

_HEX = re.compile(rb"(?:[0-9a-fA-F]{2})*")
_PRINTABLE = re.compile(rb"[\x20-\x7e\s]*")


class Key:
    """A key that cannot be shown, compared or stored by accident."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes):
        if not KEY_BYTES <= len(secret) <= LONGEST_KEY:
            raise ValueError(f"a key has {KEY_BYTES} to {LONGEST_KEY} bytes")
        self._secret = bytes(secret)

    def __repr__(self) -> str:
        return "Key(hidden)"

    def __reduce__(self):
        raise TypeError("a key is not stored")

    def digest(self, text: str, *, context: str, purpose: str) -> bytes:
        """64 bits of keyed BLAKE2b of `text`; `context` and `purpose` make it another function."""
        person = hashlib.blake2b(f"{purpose}\0{context}".encode(), digest_size=hashlib.blake2b.PERSON_SIZE).digest()
        return hashlib.blake2b(text.encode(), digest_size=PSEUDONYM_BYTES, key=self._secret, person=person).digest()


def key_from_file(path: str | os.PathLike) -> Key:
    """Read a key: hex digits, or 32 to 64 raw bytes. ProblemsFound unless it is the user's own file with mode 0600."""
    path = Path(path)
    where = f"nøkkelfilen {path.name}"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        _refuse(where, "filen finnes ikke, kan ikke leses eller er en lenke.", "Oppgi selve filen.")
    try:
        _refuse_unless_private(os.fstat(handle), where)
        return _key(os.read(handle, 4 * LONGEST_KEY), where)
    finally:
        os.close(handle)


def _refuse_unless_private(found: os.stat_result, where: str) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        _refuse(where, "det er ikke en vanlig fil som du eier.", "Kopier nøkkelen til en egen fil.")
    if stat.S_IMODE(found.st_mode) != KEY_MODE:
        _refuse(where, f"filen har rettighetene {stat.S_IMODE(found.st_mode):04o}.", "Kjør chmod 600 på filen.")


def key_from_environment(variable: str, environ: Mapping[str, str] = os.environ) -> Key:
    """Read a key of hex digits from an environment variable."""
    where = f"miljøvariabelen {variable}"
    if not environ.get(variable):
        _refuse(where, "den er ikke satt.", MAKE_ONE)
    return _key(environ[variable].encode("utf-8", "surrogateescape"), where)


def write_new_key(path: str | os.PathLike) -> None:
    """Write a new random key to a file that did not exist, with mode 0600 from the start."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_MODE)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        os.fchmod(stream.fileno(), KEY_MODE)
        stream.write(secrets.token_hex(KEY_BYTES) + "\n")


def _key(content: bytes, where: str) -> Key:
    """Hex digits are decoded before they are counted: 32 of them are only 16 bytes. Other text is no random key."""
    text = content.strip()
    if _HEX.fullmatch(text):
        secret = bytes.fromhex(text.decode("ascii"))
    elif _PRINTABLE.fullmatch(content):
        _refuse(where, "nøkkelen er tekst, og ikke heksadesimale tegn.", MAKE_ONE)
    else:
        secret = content
    if not KEY_BYTES <= len(secret) <= LONGEST_KEY:
        _refuse(where, f"nøkkelen skal ha {KEY_BYTES} til {LONGEST_KEY} byte.", MAKE_ONE)
    return Key(secret)


def _refuse(where: str, what: str, mend: str) -> NoReturn:
    raise ProblemsFound(HEADING, [Problem(where, what, mend)]) from None


def pseudonyms(ids: pd.Series, *, key: Key, cohort: str) -> pd.Series:
    """The pseudonym (16 hex digits) of each id, the same for the same id within `cohort`; missing stays missing.

    Raises ProblemsFound if two ids get the same pseudonym, which happens once in a million deliveries of 6 million.
    """
    return _mapped(ids, lambda text: key.digest(text, context=cohort, purpose=PERSON).hex())


def dense_ids(ids: pd.Series, *, key: Key | None = None, cohort: str = "") -> pd.Series:
    """Ids 0…n−1 (int32) by id, in an order that says nothing: it follows neither the file, the ids nor pseudonyms.

    With a key, the order of a second keyed digest: random to all without the key, and repeatable. Without one, the
    order of SHA-256 (FIPS 180-4) of the id, which anyone who has the ids can repeat.
    """
    unique = pd.Series(ids.dropna().unique(), dtype="str")
    places = unique.iloc[dense_order(unique, key=key, cohort=cohort)]
    return pd.Series(range(len(places)), index=pd.Index(places, name=ids.name, dtype="str"), dtype="int32")


def dense_order(unique: pd.Series, *, key: Key | None = None, cohort: str = "") -> np.ndarray:
    """The places of ids that are there once each, in the order of their dense ids."""
    if key is None:
        return _digest_order(unique)
    digests = _mapped(unique, lambda text: key.digest(text, context=cohort, purpose=ORDER).hex())
    return digests.argsort().to_numpy()


def _digest_order(texts: pd.Series) -> np.ndarray:
    """Places of the texts by their SHA-256, compared as whole digests."""
    content, sha256 = pa.array(texts, pa.large_string()).cast(pa.large_binary()), hashlib.sha256
    digests = bytearray()
    for start in range(0, len(content), TEXTS_AT_ONCE):  # a Python text takes several times the room of a digest
        digests += b"".join([sha256(text).digest() for text in content.slice(start, TEXTS_AT_ONCE).to_pylist()])
    words = np.frombuffer(digests, dtype=">u8").reshape(-1, 4).astype(np.uint64)
    order = np.argsort(words[:, 0])
    first = words[order, 0]
    return np.lexsort(words.T[::-1]) if (first[1:] == first[:-1]).any() else order


def _mapped(ids: pd.Series, digest: Callable[[str], str]) -> pd.Series:
    """`digest` of each id; collisions are a problem, told without a value."""
    texts = ids.astype("str")
    known = {text: digest(text) for text in texts.dropna().unique()}
    collisions = len(known) - len(set(known.values()))
    if collisions:
        what = f"antall id-er som fikk samme pseudonym som en annen: {collisions}."
        raise ProblemsFound("Pseudonymer kunne ikke lages.", [Problem("pseudonymer", what, "Bruk en ny nøkkel.")])
    return texts.map(known).astype("str")
