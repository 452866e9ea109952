"""How people and programs spell moves, results and pieces, and what python-chess reads instead. Text only, no board.

Pure, any thread. Called by `pgn.movetext`, which tries what is proposed here and keeps what is legal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_app.pgn.tokens import Kind, Token, join, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULT_WORDS = {
    "1/2": "1/2-1/2",
    "\u00bd": "1/2-1/2",
    "\u00bd-\u00bd": "1/2-1/2",
    "\u00bd\u2013\u00bd": "1/2-1/2",
    "1/2\u20131/2": "1/2-1/2",
    "1/2:1/2": "1/2-1/2",
    "1/2-1/2": "1/2-1/2",
    "0.5-0.5": "1/2-1/2",
    "0,5-0,5": "1/2-1/2",
    "1-0": "1-0",
    "0-1": "0-1",
    "1:0": "1-0",
    "0:1": "0-1",
    "1\u20130": "1-0",
    "0\u20131": "0-1",
    "+:-": "1-0",
    "-:+": "0-1",
}
LANGUAGES = {
    "Russian": ("Кр", "Ф", "Л", "С", "К"),  # noqa: RUF001 - these are its letters
    "Ukrainian": ("Кр", "Ф", "Т", "С", "К"),  # noqa: RUF001 - these are its letters
    "Bulgarian": ("Ц", "Д", "Т", "О", "К"),  # noqa: RUF001 - these are its letters
    "Greek": ("Ρ", "Β", "Π", "Α", "Ι"),  # noqa: RUF001 - these are its letters
    "German": ("K", "D", "T", "L", "S"),
    "Dutch": ("K", "D", "T", "L", "P"),
    "French": ("R", "D", "T", "F", "C"),
    "Spanish or Italian": ("R", "D", "T", "A", "C"),
    "Portuguese": ("R", "D", "T", "B", "C"),
    "Romanian": ("R", "D", "T", "N", "C"),
    "Polish": ("K", "H", "W", "G", "S"),
    "Czech": ("K", "D", "V", "S", "J"),
    "Hungarian": ("K", "V", "B", "F", "H"),
    "Finnish": ("K", "D", "T", "L", "R"),
    "Estonian": ("K", "L", "V", "O", "R"),
    "Icelandic": ("K", "D", "H", "B", "R"),
    "Turkish": ("Ş", "V", "K", "F", "A"),
}
"""Letters of king, queen, rook, bishop and knight. Languages with the same letters are named by one of them."""

_ENGLISH = "KQRBN"
_RESULT_TAIL = re.compile(r"(.+?)(\*|1-0|0-1|1/2-1/2)\Z")
_UNSEEN = "\ufe0e\ufe0f\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SIGNS = str.maketrans(
    "♔♕♖♗♘♚♛♜♝♞\u2013\u2014\u2212\u2011\u00d7:\u0430\u0441\u0435\u0445",
    "KQRBNKQRBN----xxacex",
    "♙♟" + _UNSEEN,
)
"""Figurines, dashes and crosses; Cyrillic letters that look like files; and characters that cannot be seen."""
_NUMBER_BEFORE = re.compile(r"\A\d+(?=[A-Za-z][a-h1-8x-])")
_CHECK_WORDS = re.compile(r"(?<=[a-h][1-8])[., ]?(?:(?:dis|dbl|double)\.?)?(?:ch|check|mate|matt)\.?\Z")
_CASTLING = re.compile(r"[oO0]-?[oO0](-?[oO0])?\Z")
_EN_PASSANT = re.compile(r"([a-h]x[a-h][36])/?e\.?p?\.?\Z")
_PROMOTION = re.compile(r"([18])[/=(\[-]*([QRBNqrbn])[)\]]?\Z")
_CAPITALS = re.compile(r"([KQRBN]?)([A-H]?[1-8]?X?[A-H][1-8])\Z")
_ONE_MOVE = (
    r"(?:[KQRBN][a-h]?[1-8]?[x-]?[a-h][1-8]|[a-h](?:[1-8])?x[a-h][1-8](?:=?[QRBN])?|[a-h][1-8](?:=?[QRBN])?|[O0]-[O0](?:-[O0])?)"
    r"[+#!?]*"
)
_MOVES_TOGETHER = re.compile(rf"{_ONE_MOVE}(?:[,;/]?{_ONE_MOVE})+[,;]?\Z")
_EACH = re.compile(_ONE_MOVE)
_MAY_GO_ON = re.compile(r"(?:[10Oo\u00bd]|1/2|0\.|[a-h](?:x[a-h])?[18])\s*\Z")
_KING_CASTLES = re.compile(r"K(?:e[18])?[x-]?([gc])[18]\Z")
_NUMBER_WORD = re.compile(r"\d{1,3}[-:)]?\Z")
_PIECE_LETTER = re.compile(r"([^\W\d_]{1,2}?)(?=[a-h]?[1-8]?[x:\u00d7-]?[a-h][1-8])")
_PROMOTED = re.compile(r"(?<=[18])([=(/]?)([^\W\d_])(?=\)?[+#!?]*\Z)")


def plain(word: str) -> tuple[str, str | None]:
    """A spelling python-chess reads, and the result that clung to the move."""
    result = None
    if match := _RESULT_TAIL.match(word):
        word, result = match.group(1), match.group(2)
    word = _NUMBER_BEFORE.sub("", word.translate(_SIGNS)).rstrip("+#!?=.,;")
    if castling := _CASTLING.match(word):
        return ("O-O-O" if castling.group(1) else "O-O"), result
    word = _EN_PASSANT.sub(r"\1", _CHECK_WORDS.sub("", word))
    word = _PROMOTION.sub(r"\1=\2", word)
    return re.sub(r"\AP(?=[a-hx])", "", word), result


def otherwise(word: str) -> Iterator[str]:
    """More spellings of a plain word that is no legal move, likeliest first."""
    if re.match(r"[kqrnb][a-h1-8x]", word):
        yield word[0].upper() + word[1:]
    if match := _CAPITALS.match(word):
        yield match.group(1) + match.group(2).lower()
    if match := _KING_CASTLES.match(word):
        yield "O-O" if match.group(1) == "g" else "O-O-O"
    if re.match(r"(?:[a-h][27x])?x?[a-h][18]\Z", word):
        yield f"{word}=Q"


def together(word: str) -> list[str]:
    """Moves written without a blank between them; empty where the word is nothing of the kind."""
    return _EACH.findall(word) if _MOVES_TOGETHER.match(word) else []


def is_number(word: str) -> bool:
    """Whether a word is a move number in an odd dress: `1)`, `1-`, `1:`."""
    return bool(_NUMBER_WORD.match(word.strip(_UNSEEN)))


def spaced(tokens: list[Token], index: int) -> tuple[str, int]:
    """A result, castling or promotion with blanks in it (`1 - 0`), and where it ends; or "" and `index`."""
    if not _MAY_GO_ON.match(tokens[index].text):
        return "", index
    text = ""
    for place in range(index, min(index + 9, len(tokens))):
        token = tokens[place]
        if token.kind in (Kind.COMMENT, Kind.OPEN, Kind.CLOSE, Kind.HEADER) or "\n\n" in token.text:
            break
        text += token.text.strip()
        if (
            place == index
            or token.kind is Kind.SPACE
            or (place + 1 < len(tokens) and tokens[place + 1].text[:1] in "-.,=")
        ):
            continue
        if text in RESULT_WORDS:
            return RESULT_WORDS[text], place
        if _CASTLING.match(text) and "-" in text:
            return ("O-O-O" if text.count("-") == 2 else "O-O"), place
        if re.match(r"[a-h](?:x[a-h])?[18]=[QRBN]\Z", text):
            return text, place
    return "", index


def translations(text: str) -> Iterator[tuple[str, str]]:
    """Languages whose letters the moves of this text use, and the text with English letters.

    Only those with a letter that English lacks: a few moves of rooks are no evidence of French kings.
    """
    tokens = tokenise(text)
    words = [index for index, token in enumerate(tokens) if token.kind is Kind.WORD]
    used = {letter for index in words if (letter := _letter(tokens[index].text))}
    for language, letters in LANGUAGES.items():
        if used <= set(letters) and not used <= set(_ENGLISH):
            table = dict(zip(letters, _ENGLISH, strict=True))
            changed = list(tokens)
            for index in words:
                changed[index] = Token(Kind.WORD, _translated(tokens[index].text, table))
            yield language, join(changed)


def _letter(word: str) -> str:
    match = _PIECE_LETTER.match(word)
    return match.group(1) if match and not match.group(1).islower() else ""


def _translated(word: str, table: dict[str, str]) -> str:
    if letter := _letter(word):
        return table[letter] + word[len(letter) :]
    return _PROMOTED.sub(lambda match: match.group(1) + table.get(match.group(2), match.group(2)), word)
