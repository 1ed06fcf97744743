#!/usr/bin/env python3
"""Runs check_breaking.py on small repositories, with and without a tag and a break.

usage: self_test.py BUF
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUF = sys.argv.pop(1)
CHECK = Path(__file__).with_name("check_breaking.py")
PROTO = 'syntax = "proto3";\npackage thing.v1;\nmessage Thing {\n  string id = 1;\n}\n'


class CheckBreaking(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.git("init", "-q")
        self.write(PROTO)
        (self.root / "proto/buf.yaml").write_text("version: v2\nbreaking:\n  use: [WIRE_JSON]\n")
        self.commit()

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, "-c", "user.name=t", "-c", "user.email=t@localhost",
                        "-c", "commit.gpgsign=false", *arguments], check=True, capture_output=True)

    def write(self, text):
        path = self.root / "proto/thing/v1/thing.proto"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self):
        self.git("add", ".")
        self.git("commit", "-q", "-m", "x", "--allow-empty")

    def check(self):
        done = subprocess.run([sys.executable, CHECK, BUF, self.root], capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_no_tag(self):
        self.assertEqual(self.check(), (0, "no tag yet to compare proto/ with\n"))

    def test_own_tag_is_no_previous_one(self):
        self.git("tag", "v1.0.0")
        self.assertEqual(self.check(), (0, "no tag yet to compare proto/ with\n"))

    def test_added_field(self):
        self.git("tag", "v1.0.0")
        self.write(PROTO.replace("id = 1;", "id = 1;\n  uint64 size = 2;"))
        self.commit()
        self.assertEqual(self.check(), (0, "proto/ against v1.0.0: nothing breaks\n"))

    def test_changed_type_not_committed(self):
        self.git("tag", "v1.0.0")
        self.commit()
        self.write(PROTO.replace("string id", "uint64 id"))
        status, text = self.check()
        self.assertEqual(status, 1, text)
        self.assertIn('changed type from "string" to "uint64"', text)
        self.assertIn("proto/ against v1.0.0: breaks", text)


if __name__ == "__main__":
    unittest.main()
