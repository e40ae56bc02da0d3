#!/usr/bin/env python3
"""Fails on a public declaration without a `///` comment above it that begins with a sentence.

Attributes may stand between the two; a comment that begins with `- Parameter` or `- Throws` has no sentence.

Enum cases are left to the eye: some say all in their name. Members that meet a requirement of a protocol are exempt, since
the documentation inherits the comment of the requirement: those of this house's own protocols, read from the sources (where
the requirements themselves need comments), and those of the standard library, listed in STANDARD.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# protocol of the standard library: the members whose comments are inherited; an initialiser goes by its first label.
STANDARD = {
    "CustomStringConvertible": "description",
    "Equatable": "==",
    "Hashable": "== hash",
    "Comparable": "== <",
    "Sequence": "makeIterator",
    "Collection": "makeIterator startIndex endIndex index count",
    "IteratorProtocol": "next",
    "RandomNumberGenerator": "next",
    "RawRepresentable": "init(rawValue rawValue",
    "CaseIterable": "allCases",
    "ExpressibleByNilLiteral": "init(nilLiteral",
    "ExpressibleByBooleanLiteral": "init(booleanLiteral",
    "ExpressibleByIntegerLiteral": "init(integerLiteral",
    "ExpressibleByFloatLiteral": "init(floatLiteral",
    "ExpressibleByStringLiteral": "init(stringLiteral",
    "ExpressibleByArrayLiteral": "init(arrayLiteral",
    "ExpressibleByDictionaryLiteral": "init(dictionaryLiteral",
}

MODIFIERS = (r"(?:(?:@\w+(?:\([^)]*\))?|public|open|private|static|class|final|indirect|mutating|nonmutating|override|"
             r"convenience|required|prefix|postfix|infix|lazy|weak|unowned|nonisolated|isolated|consuming|borrowing|"
             r"distributed|dynamic|(?:public|private|internal|package|fileprivate)\(set\)|nonisolated\(unsafe\))\s+)*")
KINDS = r"struct|class|enum|protocol|actor|extension|typealias|associatedtype|func|var|let|init|subscript|case|macro"
DECLARATION = re.compile(rf"(?P<modifiers>{MODIFIERS})(?P<kind>{KINDS})\b[?!]?\s*(?P<name>`[^`]+`|[\w.]+|[^\s\w({{:]+)?")
HOLDERS = {"struct", "class", "enum", "protocol", "actor", "extension"}


class Declaration:
    def __init__(self, path, number, match, line, column, documented, following=""):
        self.path, self.number, self.column, self.documented = path, number, column, documented
        self.kind = match["kind"]
        self.name = (match["name"] or self.kind).strip("`")
        if self.kind == "init":
            self.name = "init(" + re.match(r"[^(]*\(\s*(\w*)", line[match.start("kind"):] + following)[1]
        self.is_public = bool(re.search(r"\b(public|open)\s", match["modifiers"]))
        # The clause of a long declaration goes on in the lines after it.
        rest = (line + following)[match.start("name"):]
        clause = re.match(r"[^:{(]*:\s*([^{]*)", rest) if self.kind in HOLDERS else None
        self.inherits = re.findall(r"[\w.]+", re.split(r"\bwhere\b", clause[1])[0]) if clause else []
        self.holder = None


def declarations(path):
    """Each declaration of a file with its holder; the layout is swift-format's, so columns tell what holds what."""
    found, holders, documented, quoted = [], [], False, False
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if line.count('"""') % 2 == 1:
            quoted = not quoted
            continue
        if quoted or text in ("", "{"):
            documented = documented and quoted
            continue
        if text.startswith("///"):
            # The first line of a comment makes it one or not.
            above = lines[number - 2].strip().startswith("///") if number > 1 else False
            documented = documented if above else not text.removeprefix("///").lstrip().startswith("- ")
            continue
        column = len(line) - len(line.lstrip())
        while holders and column <= holders[-1].column:
            holders.pop()
        match = DECLARATION.match(text)
        if match:
            following = "".join(lines[number:number + 4])
            made = Declaration(path, number, match, text, column, documented, following)
            made.holder = holders[-1] if holders else None
            found.append(made)
            if made.kind in HOLDERS:
                inner = re.search(r"\{\s*(\S.*)\}$", text)  # `extension Int: P { public var x: Int { 1 } }`
                one = DECLARATION.match(inner[1]) if inner else None
                if one:
                    member = Declaration(path, number, one, inner[1], column + 2, False)
                    member.holder = made
                    found.append(member)
                else:
                    holders.append(made)
        documented = documented and re.fullmatch(r"@\w+(\(.*\))?", text) is not None
    return found


def main():
    every = [made for path in sorted((ROOT / "Sources").rglob("*.swift")) for made in declarations(path)]

    parents, members = {}, {name: set(names.split()) for name, names in STANDARD.items()}
    for made in every:
        if made.kind in HOLDERS:
            parents.setdefault(made.name.split(".")[-1], set()).update(made.inherits)
        if made.holder is not None and made.holder.kind == "protocol" and made.kind != "associatedtype":
            members.setdefault(made.holder.name, set()).add(made.name)

    def inherited(type_name, seen):
        """The members that some protocol above a type documents."""
        names = set(members.get(type_name, ()))
        for parent in parents.get(type_name, ()):
            if parent not in seen:
                names |= inherited(parent, seen | {parent})
        return names

    def is_shown(made):
        holder = made.holder
        if holder is not None and holder.kind == "protocol":
            return holder.is_public
        return made.is_public or (holder is not None and holder.kind == "extension" and holder.is_public)

    def is_exempt(made):
        if made.kind in ("extension", "case"):
            return True
        holder = made.holder
        return (holder is not None and holder.kind != "protocol"
                and made.name in inherited(holder.name.split(".")[-1], frozenset()))

    faults = [made for made in every if is_shown(made) and not made.documented and not is_exempt(made)]
    for made in faults:
        name = f"{made.name}:)" if made.kind == "init" else f"{made.kind} {made.name}"
        print(f"{made.path.relative_to(ROOT)}:{made.number}: {name} needs a comment: `/// one sentence`", file=sys.stderr)
    sys.exit(f"{len(faults)} public declaration(s) without a comment" if faults else 0)


if __name__ == "__main__":
    main()
