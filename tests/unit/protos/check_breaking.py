#!/usr/bin/env python3
"""Compares proto/ with the previous tag: what an older agent or script relies on must still stand.

usage: check_breaking.py BUF ROOT

Exit 0 when nothing breaks or no tag has a proto/ yet, 1 when buf names a break.
"""

import subprocess
import sys


def git(root, *arguments):
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)


def previous_tag(root):
    """The newest tag below HEAD (HEAD's own tag is no previous one) that has a proto/ folder."""
    own = set(git(root, "tag", "--points-at", "HEAD").stdout.split())
    tags = git(root, "tag", "--merged", "HEAD", "--sort=-creatordate", "--sort=-version:refname")
    for tag in tags.stdout.split():
        if tag not in own and git(root, "cat-file", "-e", f"{tag}:proto/buf.yaml").returncode == 0:
            return tag
    return None


def main():
    buf, root = sys.argv[1:]
    tag = previous_tag(root)
    if tag is None:
        print("no tag yet to compare proto/ with")
        return 0
    against = f"{root}/.git#tag={tag},subdir=proto"
    done = subprocess.run([buf, "breaking", f"{root}/proto", "--against", against])
    print(f"proto/ against {tag}: {'breaks' if done.returncode else 'nothing breaks'}")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
