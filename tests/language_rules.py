"""What must not stand in the reports of each language: words that the verb gate reserves, and slips."""

import re

_NUMBER = re.compile(
    r"([\w.\[\]'\"]+)\s*\|\s*(percent|points|number|amount|p|month|(?:points|percent|number|amount)_interval)\b"
)
_EXPRESSION = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_WORDS = frozenset(
    [
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "endfor",
        "in",
        "not",
        "and",
        "or",
        "is",
        "set",
        "none",
        "true",
        "false",
        "loop",
        "lower",
        "defined",
    ]
)


def printed(text):
    """The numbers that a text prints: what each is, and how it is written."""
    return {found for part in _EXPRESSION.findall(str(text)) for found in _NUMBER.findall(part)}


def named(text):
    """The names that a text uses of what is given to it."""
    plain = [re.sub(r"'[^']*'|\"[^\"]*\"", " ", part) for part in _EXPRESSION.findall(str(text))]
    return {name for part in plain for name in re.findall(r"(?<![\w.|])[a-z_]\w*", part)} - _WORDS


# Words that the verb gate reserves, and the levels that may use them (glossary, section 4), by language.
RESERVED = {
    "nb": {
        r"\beffekt\w*": {"randomised", "did_checked"},
        r"\bøkte\b": {"randomised"},
        r"\breduserte\b": {"randomised"},
        r"\bførte til\b": set(),
        r"\bbidro til\b": {"did_checked"},
        r"\btyder på\b": {"did_checked"},
        r"\b(?:forsøket|resultatene|tallene|dataene|undersøkelsen) viser\b": {"randomised"},
        r"\bpå grunn av\b": set(),
        r"\b(?:beviser|garanterer)\b": set(),
        r"(?<!statistisk )\bsignifikant": set(),
        r"\bingen effekt\b": set(),
    },
    "nn": {
        r"\beffekt\w*": {"randomised", "did_checked"},
        r"\bauka (?:delen|andelen)\b": {"randomised"},
        r"\breduserte\b": {"randomised"},
        r"\bførte til\b": set(),
        r"\b(?:medverka|bidrog) til\b": {"did_checked"},
        r"\btyder på\b": {"did_checked"},
        r"\b(?:forsøket|resultata|tala|dataa|undersøkinga) viser\b": {"randomised"},
        r"\bpå grunn av\b": set(),
        r"\b(?:beviser|provar|garanterer)\b": set(),
        r"(?<!statistisk )\bsignifikant": set(),
        r"\bingen effekt\b": set(),
    },
    "en": {
        r"\beffects?\b": {"randomised", "did_checked"},
        r"\bincreased\b": {"randomised"},
        r"\breduced the\b": {"randomised"},
        r"\bled to\b": set(),
        r"\bcontributed to\b": {"did_checked"},
        r"\bsuggests?\b": {"did_checked"},
        r"\bthe (?:trial|results|figures|numbers|data|study) shows?\b": {"randomised"},
        r"\b(?:because of|caused)\b": set(),
        r"\b(?:proves?|guarantees?)\b": set(),
        r"(?<!statistically )\bsignificant": set(),
        r"\bno effect\b": set(),
    },
}

COMMON = {
    "an ASCII hyphen for a minus": r"(?<![\w-])-\d",
    "two spaces": r"[^\n]  |\u00a0 | \u00a0",
    "an empty bracket": r"\(\s*\)|\[\s*\]|«\s*»|“\s*”",
    "a template that was not filled in": r"\{\{|\}\}|\{%|%\}",
    "a mark of the book": "[\ue000-\uf8ff]",
    "a missing value": r"\b(?:nan|None|NA|<NA>|inf)\b",
    "a space before punctuation": r" [,.;:](?:\s|$)",
    "punctuation twice": r"(?<!\.)\.\.(?!\.)|,,|;;|::|\.,|: \.",
    "a straight quotation mark": '"',
}
NORWEGIAN = {
    "a space that breaks before the per cent sign": r"\d %",
    "no space before the per cent sign": r"\d%",
    "an old name": r"\bNAV\b|\bsammenlikn|\boppfølging på \d+ (?:månader|måneder)",
}
# Forms that belong to Bokmål and not to Nynorsk, as whole words.
BOKMAAL = """
    ikke fra mer hva hvem hvor hvordan hvorfor noen bare ble gjør gjøre være disse kun uten flere samme jeg dem
    deres hun forskjellene tallene resultatene deltakerne kontorene personene målingen målingene sammenligning
    sammenligningen sammenligningsgruppen tiltaksgruppen kontrollgruppen usikkerhet måneder kommer undersøkelsen
    undersøkelsene trukket ligger
"""
SLIPS = {
    "nb": {
        **COMMON,
        **NORWEGIAN,
        "per cent for a difference": r"(?:forskjell|økning|nedgang|endring)\w* på [\d,−+]+ prosent\b",
        "a p-value of nothing": r"p = 0,000|p =\u00a00,000",
        "a Danish or English form": r"(?i)\b(?:indsats|kontrolgruppe|gennemsnit|parallelle trends|evidens\b|efter)\w*",
    },
    "nn": {
        **COMMON,
        **NORWEGIAN,
        "a form of Bokmål": r"(?i)\b(?:" + "|".join(BOKMAAL.split()) + r")\b",
    },
    "en": {
        **COMMON,
        "a space before the per cent sign": r"\d\s%",
        "a missing value": r"\b(?:nan|NA|inf)\b|<NA>|\bNone\b(?! of)",
        "a decimal comma": r"\d,\d(?!\d\d)",
        "guillemets": "[«»]",
        "a Norwegian word": r"(?i)\b(?:ikke|prosentpoeng|andelen|måneder|deltakerne|forskjellen)\b",
    },
}
SAMPLES = {
    "per cent for a difference": "en forskjell på 6,1 prosent.",
    "a p-value of nothing": "p =\u00a00,000",
    "a Danish or English form": "Indsatsen virker",
    "an ASCII hyphen for a minus": "fra -1,1 til 13,0",
    "two spaces": "to  mellomrom",
    "an empty bracket": "som vist ( )",
    "a template that was not filled in": "er {{ n }}",
    "a mark of the book": "er \ue0001\ue001",
    "a missing value": "går fra nan til 3",
    "a space before punctuation": "altså , det",
    "punctuation twice": "slutt..",
    "a straight quotation mark": 'det "ordet"',
    "a space that breaks before the per cent sign": "29,7 %",
    "no space before the per cent sign": "29,7%",
    "an old name": "ved NAV i dag",
    "a form of Bokmål": "det er ikke sikkert",
    "a space before the per cent sign": "29.7 %",
    "a decimal comma": "29,7 per cent",
    "guillemets": "the «word»",
    "a Norwegian word": "29.7 prosentpoeng",
}
CLEAN = {
    "nb": "I mai 2013 var 29,7\u00a0% i arbeid (\u22121,1 til 13,0), altså «få».",
    "nn": "I mai 2013 var 29,7\u00a0% i arbeid (\u22121,1 til 13,0), altså «få», og skilnaden er ikkje klar.",
    "en": "In May 2013, 29.7% were in work (\u22121.1 to 13.0) of 10,000 people, a “few”.",
}
# What claims nothing though it holds a reserved word: that no effect is estimated, and what an answer would need.
UNCLAIMED = {
    "nn": (r"Han anslår ingen effekt\.", r"for ingen effekt er anslått\.", r"For å anslå ein effekt trengst:"),
    "en": (
        r"It does not estimate any effect\.",
        r"It does not estimate an effect\.",
        r"(?:for|because) no effect has been estimated\.",
        r"To estimate an effect, the following is needed:",
        r"\b(?:fixed|random|design) effects?\b",
    ),
}
# The main sentence of a rise, by level: as strong as in Bokmål, and no stronger.
STRENGTH = {
    "nn": {
        "randomised up": "auka andelen",
        "checked up": "Resultata tyder på at",
        "adjusted up": "Etter matching hadde deltakarane ei sterkare utvikling",
        "description up": "var høgare",
    },
    "en": {
        "randomised up": "increased the share",
        "checked up": "The results suggest that",
        "adjusted up": "After matching, the participants had a stronger development",
        "description up": "was higher",
    },
}
