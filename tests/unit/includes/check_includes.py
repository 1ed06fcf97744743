#!/usr/bin/env python3
"""Holds three things together: the arrows that docs/ARCHITECTURE.md draws, the LINKS that each
folder's CMakeLists.txt declares, and the #include "folder/..." lines of that folder.

usage: check_includes.py [ROOT]         check; one line a fault; exit 1 when there is one
       check_includes.py --arrows ROOT  print the block for docs/ARCHITECTURE.md

The block is fenced as ```arrows and has a line `folder -> link link` for each assay_library.
A static library links whatever its program brings along, so CMake alone lets a wrong #include
pass; that is why this reads the sources.
"""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

DOCUMENT = Path("docs/ARCHITECTURE.md")
DUMPING_GROUNDS = {"common", "core", "misc", "utils", "util"}
SKIPPED = re.compile(r"^(\.git|\.cache|build(-.*)?|node_modules|__pycache__)$")
SOURCES = {".cpp", ".hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
CALL = re.compile(r"\bassay_(library|program)\s*\(([^)]*)\)")
# The agent daemon lives beside wedged probes because no device code runs in it.
APART = {"assay-agent": {"drivers", "drivers_net", "usb", "virtual"}}
ARROW = re.compile(r"^(\S+)\s*->\s*(.*)$")


@dataclass
class Library:
    name: str
    folder: Path
    links: set = field(default_factory=set)


@dataclass
class Tree:
    libraries: dict = field(default_factory=dict)  # name -> Library
    programs: dict = field(default_factory=dict)  # main source -> its LINKS
    named: dict = field(default_factory=dict)  # program -> (CMakeLists.txt, its LINKS)
    sources: list = field(default_factory=list)
    faults: list = field(default_factory=list)


def links_of(words):
    """What stands after LINKS, up to the next keyword."""
    links, taking = set(), False
    for word in words:
        if word in ("LINKS", "SYSTEM"):
            taking = word == "LINKS"
        elif taking:
            links.add(word)
    return links


def read_cmake(tree, root, path):
    text = re.sub(r"#.*", "", (root / path).read_text())
    for kind, arguments in CALL.findall(text):
        words = arguments.split()
        if kind == "program":
            tree.programs[path.parent / words[1]] = links_of(words)
            tree.named[words[0]] = (path, links_of(words))
            continue
        library = Library(words[0], path.parent, links_of(words))
        tree.libraries[library.name] = library
        if library.name != path.parent.name:
            tree.faults.append(f"{path}: library '{library.name}' in folder '{path.parent.name}': "
                               "give it the folder's name, which its #include lines use")


def read_tree(root):
    tree = Tree()
    for here, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not SKIPPED.match(f))
        at = Path(here).relative_to(root)
        for name in folders + sorted(files):
            if name.split(".")[0] in DUMPING_GROUNDS:
                tree.faults.append(f"{at / name}: named for nothing; name it for what it knows")
        if at.parts[:1] in (("tests",), ("cmake",)):
            continue
        if "CMakeLists.txt" in files:
            read_cmake(tree, root, at / "CMakeLists.txt")
        tree.sources += [at / f for f in sorted(files) if Path(f).suffix in SOURCES]
    return tree


def owner_of(tree, path):
    by_folder = {library.folder: library for library in tree.libraries.values()}
    for folder in path.parents:
        if folder in by_folder:
            return by_folder[folder]
    return None


def check_includes(tree, root):
    known = {library.folder.name: library.name for library in tree.libraries.values()}
    known["assay"] = "proto"  # generated: assay/v1/*.pb.h
    for path in tree.sources:
        owner = owner_of(tree, path)
        allowed = set(tree.programs.get(path, ()))
        if owner:
            allowed |= owner.links | {owner.name}
        elif path not in tree.programs:
            tree.faults.append(f"{path}: no assay_library or assay_program has this file")
            continue
        who = owner.folder / "CMakeLists.txt" if owner else path.parent / "CMakeLists.txt"
        for number, line in enumerate((root / path).read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            folder, slash, _ = found[1].partition("/")
            place = f'{path}:{number}: #include "{found[1]}"'
            if not slash or folder not in known:
                tree.faults.append(f'{place}: write it as "folder/file.hpp", the folder being a library')
            elif known[folder] not in allowed:
                tree.faults.append(f"{place}: '{known[folder]}' is not among the LINKS in {who}: "
                                   "declare the arrow there and in docs/ARCHITECTURE.md, or do without")


def read_arrows(root):
    """(line number of the block, {folder: links}); (0, {}) when there is none."""
    if not (root / DOCUMENT).exists():
        return 0, {}
    arrows, start = {}, 0
    for number, line in enumerate((root / DOCUMENT).read_text().splitlines(), 1):
        if not start:
            start = number if line.strip() == "```arrows" else 0
        elif line.strip() == "```":
            break
        elif found := ARROW.match(line.strip()):
            links = set(found[2].split()) - {"nothing"}
            arrows[found[1].rstrip("/").rsplit("/", 1)[-1]] = links
    return start, arrows


def check_arrows(tree, root):
    line, arrows = read_arrows(root)
    if not line:
        tree.faults.append(f"{DOCUMENT}: no ```arrows block: "
                           "python3 tests/unit/includes/check_includes.py --arrows . prints it")
        return
    for name, library in sorted(tree.libraries.items()):
        where = f"{library.folder / 'CMakeLists.txt'}: '{name}'"
        if name not in arrows:
            tree.faults.append(f"{where} is missing in the arrows of {DOCUMENT}:{line}")
            continue
        for link in sorted(library.links - arrows[name]):
            tree.faults.append(f"{where} links '{link}', an arrow that {DOCUMENT}:{line} does not draw")
        for link in sorted(arrows[name] - library.links):
            tree.faults.append(f"{where} does not link '{link}', but {DOCUMENT}:{line} draws that arrow")
    for name in sorted(set(arrows) - set(tree.libraries) - {"proto"}):
        tree.faults.append(f"{DOCUMENT}:{line}: '{name}' is no library of this tree")


def check_acyclic(tree):
    left = {name: set(library.links) for name, library in tree.libraries.items()}
    while True:
        free = [name for name, links in left.items() if not links & set(left)]
        if not free:
            break
        for name in free:
            del left[name]
    if left:
        tree.faults.append(f"libraries link in a circle: {' '.join(sorted(left))}")


def check_apart(tree):
    for program, banned in APART.items():
        if program not in tree.named:
            continue
        path, links = tree.named[program]
        reached, rest = set(), set(links)
        while rest:
            name = rest.pop()
            reached.add(name)
            if name in tree.libraries:
                rest |= tree.libraries[name].links - reached
        for name in sorted(reached & banned):
            tree.faults.append(f"{path}: '{program}' reaches '{name}' over its links: "
                               "devices belong into a device host, assay-host")


def faults_of(root):
    tree = read_tree(root)
    check_includes(tree, root)
    check_arrows(tree, root)
    check_acyclic(tree)
    check_apart(tree)
    return tree.faults


def print_arrows(root):
    print("```arrows")
    for library in sorted(read_tree(root).libraries.values(), key=lambda one: str(one.folder)):
        print(f"{library.folder} -> {' '.join(sorted(library.links)) or 'nothing'}")
    print("```")


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--arrows"]:
        return print_arrows(Path(arguments[1] if len(arguments) > 1 else "."))
    faults = faults_of(Path(arguments[0] if arguments else "."))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
