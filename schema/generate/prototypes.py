# SPDX-License-Identifier: MIT
"""Reads the public headers, generated and written by hand alike: functions, structs and closed sets with their
comments. The Python emitter works from this, so that a new service needs no stanza anywhere."""
import dataclasses
import re

COMMENT = re.compile(r"/\*.*?\*/", re.S)


@dataclasses.dataclass
class Doc:
    """A documentation comment: what stands before the first @, what is said of each parameter, and @return."""
    text: str = ""
    params: dict = dataclasses.field(default_factory=dict)
    returns: str = ""


@dataclasses.dataclass
class Parameter:
    type: str  # "const char *", without a space at the end when it is no pointer
    name: str


@dataclasses.dataclass
class Prototype:
    name: str
    result: str
    params: list
    doc: Doc
    header: str = ""


@dataclasses.dataclass
class Member:
    """A field of a struct, or a constant of an enum (`type` is then its number)."""
    type: object
    name: str
    doc: str = ""


@dataclasses.dataclass
class Header:
    """What one header declares; `name` is the file's name without `.h`."""
    name: str
    doc: Doc
    functions: list
    structs: dict  # name: [Member]
    enums: dict    # name: [Member]
    docs: dict     # of structs and enums: name: Doc
    numbers: dict  # of macros: name: integer


def plain(comment):
    """The words of a comment, line ends kept."""
    text = re.sub(r"^/\*+<?|\*/$", "", comment.strip())
    return "\n".join(re.sub(r"^\s*\*? ?", "", line) for line in text.splitlines()).strip()


def read_doc(comment):
    """Lines are joined, except before a dash; `@return` may stand in the middle of one, behind a short `@param`."""
    if not comment:
        return Doc()
    text = re.sub(r"^- ", "\0- ", plain(comment), flags=re.M)
    text = " ".join(text.split()).replace(" \0", "\n").replace("\0", "\n")
    head, *tags = re.split(r"(?:^| )@(?=param |return |file )", text)
    doc = Doc(head.strip())
    for tag in tags:
        word, _, rest = tag.partition(" ")
        if word == "param":
            name, _, said = rest.partition(" ")
            doc.params[name] = said.strip()
        elif word == "return":
            doc.returns = rest.strip()
        else:
            doc.text = rest.partition(" ")[2].strip()
    return doc


def parameter(text):
    match = re.fullmatch(r"(.*?[ *])(\w+)", " ".join(text.split()))
    return Parameter(match[1].strip() if not match[1].endswith("*") else match[1], match[2])


def parameters(text):
    return [] if text.strip() in ("", "void") else [parameter(piece) for piece in text.split(",")]


def without_macros(text):
    """No preprocessor lines; comments keep their places."""
    return re.sub(r"^[ \t]*#.*?(?<!\\)$", "", text, flags=re.S | re.M)


def commented(text, pattern):
    """(comment right before or "", match) for every match of a pattern in a header."""
    for match in re.finditer(pattern, text, re.M | re.S):
        before = text[:match.start()].rstrip()
        comment = ""
        if before.endswith("*/"):
            comment = before[before.rindex("/*"):]
        yield comment, match


def members(body, pattern, make):
    """Members with the comment that stands behind them on their line, or above them."""
    found = []
    tokens = re.compile(r"(?P<comment>/\*.*?\*/)|" + pattern, re.S)
    above = ""
    for match in tokens.finditer(body):
        if match["comment"]:
            if match["comment"].startswith("/**<") and found:
                found[-1].doc = " ".join(plain(match["comment"]).split())
            else:
                above = " ".join(plain(match["comment"]).split())
            continue
        found.append(make(match, above))
        above = ""
    return found


def field(match, doc):
    ctype = " ".join(match["type"].split())
    if match["count"]:
        ctype = f"{ctype}[{match['count']}]"
    return Member(ctype, match["name"], doc)


def read_structs(text):
    structs, docs = {}, {}
    pattern = r"(?P<type>\b[A-Za-z_][\w ]*[ *]+(?:const \*)?)(?P<name>\w+)(?:\[(?P<count>\d+)\])?;"
    for comment, match in commented(text, r"^typedef struct \w+ \{(.*?)^\} (\w+);"):
        structs[match[2]] = members(match[1], pattern, field)
        docs[match[2]] = read_doc(comment)
    return structs, docs


def read_enums(text):
    enums, docs = {}, {}
    for comment, match in commented(text, r"^(?:typedef )?enum (\w+) \{(.*?)^\}"):
        number = -1

        def constant(found, doc):
            nonlocal number
            number = int(found["value"], 0) if found["value"] else number + 1
            return Member(number, found["name"], doc)
        enums[match[1]] = members(match[2], r"(?P<name>TRDB_\w+)(?:\s*=\s*(?P<value>-?\w+))?", constant)
        docs[match[1]] = read_doc(comment)
    return enums, docs


def read(name, text):
    """The declarations of a header."""
    numbers = {name: int(value, 0) for name, value in re.findall(r"^#define (TRDB_\w+) (-?\d\w*)$", text, re.M)
               if re.fullmatch(r"-?(0x[\dA-Fa-f]+|\d+)", value)}
    text = without_macros(text)
    first = COMMENT.search(text, text.find("@file") - 40 if "@file" in text else 0)
    header = Header(name, read_doc(first[0] if first and "@file" in first[0] else ""), [], {}, {}, {}, numbers)
    header.structs, struct_docs = read_structs(text)
    header.enums, enum_docs = read_enums(text)
    header.docs = struct_docs | enum_docs
    for comment, match in commented(text, r"^TRDB_API\b\s*([^;{]*?)\b(trdb_\w+)\s*\(([^;{]*?)\)\s*;"):
        result = " ".join(match[1].split())
        header.functions.append(Prototype(match[2], result, parameters(match[3]), read_doc(comment), name))
    return header
