"""The tokens of a note, and of the notes that it embeds, as blocks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from crdtnotes_tui.text.reading import callouts
from crdtnotes_tui.text.reading.blocks import Block, Callout, Code, Holder, Paragraph, Rule, Table
from crdtnotes_tui.text.reading.code import code_lines
from crdtnotes_tui.text.reading.embeds import MAX_DEPTH, MAX_EMBEDS, Embed, part_of
from crdtnotes_tui.text.reading.inline import Context, image, pieces_of
from crdtnotes_tui.text.reading.math import as_unicode
from crdtnotes_tui.text.reading.parser import front_matter_lines, parser, plain_line_ends
from crdtnotes_tui.text.reading.pieces import Fold, Follow, Piece, Tick

_TASK = re.compile(r"\[([ xX])\][ \t]+")
_HTML = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_BLOCK_ID = re.compile(r"[ \t]*\^[\w-]+[ \t]*$")

BAR, EMBED_BAR = "▌ ", "┃ "


@dataclass
class Notes:
    """The texts of embedded notes by name (None for a note that is gone), and how to find a note."""

    resolve: Callable[[str, str], str | None]
    """Returns the name of the note that a target in a note leads to."""
    texts: Mapping[str, str | None] = field(default_factory=dict)
    count: int = 0
    """The embeds shown so far."""


def blocks_of(text: str, name: str, notes: Notes) -> list[Block]:
    """Return the blocks of the open note."""
    context = Context(lambda target: notes.resolve(target, name) is not None)
    return _Converter(notes, context, name, (name,)).convert(text)


class _Converter:
    """Converts one text. `path` has the names of the notes around it, the text's own last."""

    def __init__(self, notes: Notes, context: Context, name: str, path: tuple[str, ...]) -> None:
        self._notes = notes
        self._context = context
        self._name = name
        self._path = path
        self._text = ""
        self._offset = 0
        self._tokens: Sequence[Token] = ()
        self._at = 0

    def convert(self, text: str) -> list[Block]:
        self._text = plain_line_ends(text)
        self._offset = front_matter_lines(self._text)
        body = self._text.split("\n", self._offset)[-1] if self._offset else self._text
        self._tokens = parser().parse(body.removeprefix("\ufeff"))
        self._at = 0
        return self._until("")

    # -- reading tokens

    def _until(self, close: str) -> list[Block]:
        """Return the blocks up to a closing token, which is read too."""
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == close:
                break
            found += self._block(token)
        return found

    def _line(self, token: Token) -> int:
        return self._offset + token.map[0] if token.map else self._offset

    def _inline(self) -> Token:
        """Return the inline token of a paragraph or heading, and pass its end."""
        token = self._tokens[self._at]
        self._at += 1
        while not self._tokens[self._at].type.endswith(("paragraph_close", "heading_close")):
            if self._tokens[self._at].type == "footnote_anchor":
                token.children = [*(token.children or ()), self._tokens[self._at]]
            self._at += 1
        self._at += 1
        return token

    def _block(self, token: Token) -> Iterator[Block]:
        line = self._line(token)
        match token.type:
            case "paragraph_open":
                yield from self._paragraph(line, self._inline().children or [])
            case "heading_open":
                children = self._inline().children or []
                yield Paragraph(line, self._pieces(children), int(token.tag[1:]))
            case "fence" | "code_block":
                language = token.info.split()[0].strip("{}.") if token.info.strip() else ""
                # The code begins behind the fence's line, if there is any.
                first = line + (token.type == "fence" and bool(token.content))
                yield Code(first, code_lines(token.content, language))
            case "math_block" | "math_block_label":
                shown = "\n".join(row.strip() for row in as_unicode(token.content).split("\n"))
                yield Holder(line, [Paragraph(line, [Piece(shown, "math")])], Piece("    "), Piece("    "))
            case "hr":
                yield Rule(line)
            case "html_block":
                plain = [row.strip() for row in _HTML.sub("", token.content).split("\n")]
                if any(plain):
                    yield Paragraph(line, [Piece("\n".join(plain).strip("\n"))])
            case "table_open":
                yield self._table(line)
            case "blockquote_open":
                yield self._quote(line)
            case "bullet_list_open" | "ordered_list_open":
                yield self._list(token, line)
            case "footnote_block_open":
                yield Rule(self._text.count("\n"))
                yield from self._until("footnote_block_close")
            case "footnote_open":
                number = f"{token.meta['id'] + 1}. "
                blocks = self._until("footnote_close")
                at = blocks[0].line if blocks else line
                yield Holder(at, blocks, Piece(number, "note"), Piece(" " * len(number)), tight=True)

    def _pieces(self, children: Sequence[Token]) -> list[Piece]:
        pieces = pieces_of(children, self._context)
        if pieces and "^" in pieces[-1].text and pieces[-1].action is None:
            # The id of a block is not part of the text.
            pieces[-1] = pieces[-1]._replace(text=_BLOCK_ID.sub("", pieces[-1].text))
        return pieces

    # -- kinds of blocks

    def _paragraph(self, line: int, children: list[Token]) -> Iterator[Block]:
        """Yield a paragraph; lines that only embed something are blocks of their own."""
        kept: list[Token] = []
        first = line
        for at, row in enumerate(_rows(children)):
            embed = _lone_embed(row)
            if embed is None:
                if kept and row is not None:
                    kept.append(Token("softbreak", "br", 0))
                elif not kept:
                    first = line + at
                kept += row
                continue
            if kept:
                yield Paragraph(first, self._pieces(kept))
                kept = []
            yield self._embed(line + at, embed)
        if kept:
            yield Paragraph(first, self._pieces(kept))

    def _list(self, token: Token, line: int) -> Holder:
        items: list[Block] = []
        loose = False
        while self._at < len(self._tokens):
            item = self._tokens[self._at]
            self._at += 1
            if item.type != "list_item_open":
                break
            loose = loose or not self._is_tight()
            items.append(self._item(item, f"{item.info}{item.markup} " if token.tag == "ol" else "• "))
        return Holder(line, items, tight=not loose)

    def _is_tight(self) -> bool:
        following = self._tokens[self._at]
        return following.type != "paragraph_open" or following.hidden

    def _item(self, token: Token, mark: str) -> Holder:
        line = self._line(token)
        box = self._take_box()
        tight = self._is_tight()
        blocks = self._until("list_item_close")
        if box is None:
            return Holder(line, blocks, Piece(mark, "bullet"), Piece(" " * len(mark)), tight)
        done = box != " "
        number = "" if mark == "• " else mark
        action = Tick(line) if self._context.own else None
        first = Piece(f"{number}{'☑' if done else '☐'} ", "box", action)
        if done and blocks and isinstance(blocks[0], Paragraph):
            # Only its own text is done, not the items below it.
            blocks[0] = replace(blocks[0], pieces=[one.under("done") for one in blocks[0].pieces])
        return Holder(line, blocks, first, Piece(" " * len(first.text)), tight)

    def _take_box(self) -> str | None:
        """Remove the box of a task from the text of the item that begins here; return its content."""
        if self._tokens[self._at].type != "paragraph_open":
            return None
        children = self._tokens[self._at + 1].children
        found = _TASK.match(children[0].content) if children and children[0].type == "text" else None
        if found is None or not children:
            return None
        children[0].content = children[0].content[found.end() :]
        return found[1]

    def _quote(self, line: int) -> Block:
        head = self._callout_head()
        if head is None:
            bar = Piece(BAR, "quote")
            return Holder(line, self._until("blockquote_close"), bar, bar, style="quote")
        name, mark = head
        kind = callouts.kind_of(name)
        opening = self._tokens[self._at]
        self._at += 1
        rows = _rows(self._inline().children or [])
        title = self._pieces(rows[0]) or [Piece(callouts.default_title(name))]
        rest = _joined(rows[1:])
        first = list(self._paragraph(self._line(opening) + 1, rest)) if rest else []
        blocks = first + self._until("blockquote_close")
        fold = Fold(line) if mark and blocks else None
        styled = [Piece(f"{kind.sign} ", kind.style), *(one.styled(f"strong {kind.style}") for one in title)]
        return Callout(line, Paragraph(line, styled), Piece(BAR, kind.style), blocks, fold, mark == "-")

    def _callout_head(self) -> tuple[str, str] | None:
        """Remove `[!kind]` and the fold's mark from a quote that begins with it, and return them."""
        if self._tokens[self._at].type != "paragraph_open":
            return None
        children = self._tokens[self._at + 1].children
        found = callouts.HEAD.match(children[0].content) if children and children[0].type == "text" else None
        if found is None or not children:
            return None
        children[0].content = children[0].content[found.end() :]
        return found[1], found[2]

    def _table(self, line: int) -> Table:
        aligns: list[str] = []
        rows: list[list[list[Piece]]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if len(rows) == 1:
                    aligns.append(str(token.attrs.get("style", "")).partition(":")[2] or "left")
                rows[-1].append(self._pieces(self._tokens[self._at].children or []))
        self._at += 1
        return Table(line, aligns, rows)

    # -- embeds

    def _embed(self, line: int, embed: Embed) -> Block:
        if embed.is_file:
            return Paragraph(line, image("", embed.target))
        name = self._notes.resolve(embed.target, self._name) if embed.target else self._name
        follow = Follow(*embed, self._context.holder)
        title = Piece(embed.shown, "embed link", follow)
        if name is None:
            return self._said(line, embed, " there is no such note", "dangling")
        if name in self._path:
            return self._said(line, embed, " is not shown inside itself", "link")
        if len(self._path) > MAX_DEPTH or self._notes.count >= MAX_EMBEDS:
            return self._said(line, embed, " is not shown here: too many embeds", "link")
        if name not in self._notes.texts:
            return self._said(line, embed, " …", "link")
        text = self._notes.texts[name]
        part = None if text is None else part_of(text, embed)
        if part is None:
            return self._said(line, embed, " there is no such part", "dangling")
        self._notes.count += 1
        content, short = part
        resolve = self._notes.resolve
        context = Context(
            lambda target: resolve(target, name) is not None,
            name,
            f"{self._context.notes}{self._notes.count}:",
        )
        blocks = _Converter(self._notes, context, name, (*self._path, name)).convert(content)
        if short:
            blocks.append(Paragraph(0, [Piece("… ", "missing"), Piece("more", "embed link", follow)]))
        bar = Piece(EMBED_BAR, "embed")
        return Holder(line, [Paragraph(0, [title]), *blocks], bar, bar, fixed=True)

    def _said(self, line: int, embed: Embed, sentence: str, style: str) -> Paragraph:
        """Return an embed that is not shown, with the reason, in one line."""
        follow = Follow(*embed, self._context.holder)
        return Paragraph(line, [Piece(f"![[{embed.shown}]]", style, follow), Piece(sentence, "missing")])


def _rows(children: Sequence[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = [[]]
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            rows.append([])
        else:
            rows[-1].append(child)
    return rows


def _joined(rows: Sequence[Sequence[Token]]) -> list[Token]:
    joined: list[Token] = []
    for at, row in enumerate(rows):
        joined += [Token("softbreak", "br", 0), *row] if at else row
    return joined


def _lone_embed(row: Sequence[Token]) -> Embed | None:
    """Return the embed of a line that has nothing else, the id of a block excepted."""
    inner = [one for one in row if not (one.type == "text" and not one.content.strip())]
    if (
        not inner
        or inner[0].type != "link_open"
        or inner[0].markup != "wikilink"
        or inner[-1].type != "link_close"
    ):
        return None
    meta = inner[0].meta
    if len(inner) != 3 or meta["kind"] != "embed":
        return None
    return Embed(meta["target"], meta["heading"], meta["block"])
