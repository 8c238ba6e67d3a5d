# SPDX-License-Identifier: MIT
"""Wrapping of C comments, prototypes and string literals."""
import textwrap

WIDTH = 108


def comment(text, indent=0):
    """A documentation comment, on one line when it fits."""
    text = " ".join(text.replace("*/", "* /").split())
    pad = " " * indent
    if len(pad) + len(text) + 7 <= WIDTH:
        return [f"{pad}/** {text} */"]
    lines = textwrap.wrap(text, WIDTH - indent - 3, break_long_words=False, break_on_hyphens=False)
    return [f"{pad}/**", *(f"{pad} * {line}" for line in lines), f"{pad} */"]


def block(paragraphs):
    """A documentation comment of several paragraphs; those that begin with @ follow without a gap."""
    lines = ["/**"]
    for at, paragraph in enumerate(paragraphs):
        hanging = paragraph.startswith("@")
        if at and not hanging:
            lines.append(" *")
        lines += [f" * {line}" for line in textwrap.wrap(
            " ".join(paragraph.split()), WIDTH - 3, subsequent_indent="        " if hanging else "",
            break_long_words=False, break_on_hyphens=False)]
    return [*lines, " */"]


def call(head, arguments, tail):
    """`head(arguments)tail`, broken where it gets long: aligned behind the parenthesis when that fits, else
    indented under it, the result type on a line of its own when nothing else helps."""
    whole = f"{head}({', '.join(arguments)}){tail}"
    if len(whole) <= WIDTH:
        return [whole]
    lines = spread(head + "(", " " * (len(head) + 1), arguments, tail)
    if max(map(len, lines)) <= WIDTH:
        return lines
    first, space, name = head.rpartition(" ")
    outdented = [first, name.lstrip("*") + "("] if space and len(head) + 1 > WIDTH else [head + "("]
    if space and name.startswith("*") and len(outdented) == 2:
        outdented[0] += " *"
    return [*outdented, *spread("    ", "    ", arguments, tail)]


def spread(start, pad, arguments, tail, close=")"):
    """As many arguments per line as fit."""
    lines, line, empty = [], start, True
    for at, argument in enumerate(arguments):
        piece = argument + (", " if at < len(arguments) - 1 else close + tail)
        if not empty and len(line) + len(piece.rstrip()) > WIDTH:
            lines.append(line.rstrip())
            line = pad
        line += piece
        empty = False
    return [*lines, line]


def literal(value):
    """A C string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("?", "\\?") + '"'


def sentence(value):
    value = value.strip()
    return value if value.endswith(".") else value + "."
