#!/usr/bin/env python3
"""Shows that check_includes can fail: a small sound tree, then one fault at a time."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
import check_includes  # noqa: E402

SOUND = {
    "docs/ARCHITECTURE.md": "Text.\n```arrows\nlib/base -> nothing\nlib/plans -> base\n```\n",
    "lib/base/CMakeLists.txt": "assay_library(base SYSTEM fmt::fmt)\n",
    "lib/base/text.hpp": "#include <string>\n",
    "lib/plans/CMakeLists.txt": "assay_library(plans LINKS base SYSTEM yaml-cpp)  # LINKS wire\n",
    "lib/plans/plan.cpp": '#include "base/text.hpp"\n#include "plans/plan.hpp"\n',
    "lib/plans/plan.hpp": "",
    "cli/CMakeLists.txt": "assay_program(assay main.cpp LINKS plans)\n",
    "cli/main.cpp": '#include "plans/plan.hpp"\n',
}


class CheckIncludes(unittest.TestCase):
    def faults(self, **changed):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in {**SOUND, **changed.get("files", {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return check_includes.faults_of(root)

    def one(self, name, text):
        faults = self.faults(files={name: text})
        self.assertEqual(len(faults), 1, faults)
        return faults[0]

    def test_sound_tree(self):
        self.assertEqual(self.faults(), [])

    def test_include_against_the_arrows(self):
        self.assertEqual(
            self.one("lib/base/text.cpp", '\n#include "plans/plan.hpp"\n'),
            "lib/base/text.cpp:2: #include \"plans/plan.hpp\": 'plans' is not among the LINKS in "
            "lib/base/CMakeLists.txt: declare the arrow there and in docs/ARCHITECTURE.md, or do without")

    def test_program_is_held_to_its_links(self):
        self.assertIn("cli/main.cpp:1: #include \"base/text.hpp\": 'base' is not among the LINKS",
                      self.one("cli/main.cpp", '#include "base/text.hpp"\n'))

    def test_protos_belong_to_proto(self):
        self.assertIn("'proto' is not among the LINKS",
                      self.one("lib/plans/plan.hpp", '#include "assay/v1/job.pb.h"\n'))

    def test_include_without_folder(self):
        self.assertIn('write it as "folder/file.hpp"', self.one("lib/plans/plan.hpp", '#include "x.hpp"\n'))

    def test_link_that_the_page_does_not_draw(self):
        self.assertIn("'base' links 'fork', an arrow that docs/ARCHITECTURE.md:2 does not draw",
                      self.one("lib/base/CMakeLists.txt", "assay_library(base LINKS fork)\n"))

    def test_arrow_that_nobody_declares(self):
        text = SOUND["docs/ARCHITECTURE.md"].replace("nothing", "zlib")
        self.assertIn("'base' does not link 'zlib', but", self.one("docs/ARCHITECTURE.md", text))

    def test_library_missing_on_the_page(self):
        text = SOUND["docs/ARCHITECTURE.md"].replace("lib/plans -> base\n", "")
        self.assertIn("'plans' is missing in the arrows", self.one("docs/ARCHITECTURE.md", text))

    def test_page_names_what_is_not_there(self):
        text = SOUND["docs/ARCHITECTURE.md"].replace("lib/base ->", "lib/ghost -> base\nlib/base ->")
        self.assertIn("'ghost' is no library of this tree", self.one("docs/ARCHITECTURE.md", text))

    def test_page_without_block(self):
        self.assertIn("no ```arrows block", self.one("docs/ARCHITECTURE.md", "Text.\n"))

    def test_circle(self):
        faults = self.faults(files={
            "lib/base/CMakeLists.txt": "assay_library(base LINKS plans)\n",
            "docs/ARCHITECTURE.md": SOUND["docs/ARCHITECTURE.md"].replace("nothing", "plans")})
        self.assertEqual(faults, ["libraries link in a circle: base plans"])

    def test_dumping_ground(self):
        self.assertEqual(self.one("lib/base/utils.txt", ""),
                         "lib/base/utils.txt: named for nothing; name it for what it knows")

    def test_agent_stays_apart_from_devices(self):
        faults = self.faults(files={
            "lib/drivers/CMakeLists.txt": "assay_library(drivers)\n",
            "lib/plans/CMakeLists.txt": "assay_library(plans LINKS base drivers)\n",
            "cli/CMakeLists.txt": "assay_program(assay-agent main.cpp LINKS plans)\n",
            "docs/ARCHITECTURE.md": "```arrows\nbase -> nothing\nplans -> base drivers\ndrivers ->\n```\n"})
        self.assertEqual(faults, ["cli/CMakeLists.txt: 'assay-agent' reaches 'drivers' over its links: "
                                  "devices belong into a device host, assay-host"])

    def test_file_that_nobody_builds(self):
        self.assertIn("no assay_library or assay_program has this file", self.one("stray/x.cpp", ""))


if __name__ == "__main__":
    unittest.main()
