# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.dockerfile import DockerfileError, base_images, instructions


@pytest.mark.parametrize(
    "text, arguments, target, expected",
    [
        ("FROM python:3.11", {}, None, ("python:3.11",)),
        ("from  Python:3.11  as Base\nFROM base\nCOPY a b", {}, None, ("Python:3.11",)),
        ("FROM scratch\nADD a /", {}, None, ()),
        ("ARG BASE=python:3\nFROM $BASE", {}, None, ("python:3",)),
        ("ARG BASE=python:3\nFROM $BASE", {"BASE": "own/python:1"}, None, ("own/python:1",)),
        ("ARG BASE\nFROM ${BASE}", {"BASE": "a:1"}, None, ("a:1",)),
        ("ARG V=3\nARG BASE=python:${V}\nFROM ${BASE}-slim", {}, None, ("python:3-slim",)),
        ("ARG V=3 BASE=python:${V}\nFROM ${BASE}", {"V": "4"}, None, ("python:4",)),
        ('ARG BASE="python:3"\nFROM ${BASE}', {}, None, ("python:3",)),
        ("FROM ${BASE:-node:22}", {}, None, ("node:22",)),
        ("ARG BASE=x\nFROM ${BASE:+node:22}", {}, None, ("node:22",)),
        ("FROM --platform=linux/amd64 node:22 AS build", {}, None, ("node:22",)),
        ("FROM a:1\nCOPY --from=b:2 /x /x\nCOPY --chown=1:1 --from=c:3 /x /x", {}, None, ("a:1", "b:2", "c:3")),
        ("FROM a:1 AS one\nFROM b:2\nCOPY --from=one /x /x\nCOPY --from=0 /x /x\nCOPY --from=ONE /y /y", {}, None, ("a:1", "b:2")),
        ("FROM a:1 AS one\nFROM b:2 AS two\nFROM c:3", {}, "two", ("a:1", "b:2")),
        ("FROM a:1 AS one\nFROM b:2 AS two\nFROM c:3", {}, "0", ("a:1",)),
        ("FROM a:1\nFROM a:1", {}, None, ("a:1",)),
        ("FROM a:1\nARG B=x\nFROM ${B:-b:2}", {}, None, ("a:1", "b:2")),
        ("# FROM x\n\nFROM a:1\nRUN echo \\\n# FROM y\n  FROM z\nCOPY a \\\n  b", {}, None, ("a:1",)),
        ("# escape=`\nFROM a:1\nRUN echo `\nFROM z", {}, None, ("a:1",)),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM `\n  a:1", {}, None, ("a:1",)),
        ("\ufeffFROM a:1\r\nRUN x\r\n", {}, None, ("a:1",)),
        ("FROM\ta:1\nRUN\techo 1\nCOPY\t--from=b:2\t/x /x", {}, None, ("a:1", "b:2")),
        ("FROM a:1\nRUN cat <<EOF > /q.sql\nSELECT *\nFROM users\nEOF\nFROM b:2", {}, None, ("a:1", "b:2")),
        ("FROM a:1\nCOPY <<-'ONE' <<TWO /x/\nFROM one\n\tONE\nFROM two\nTWO\nFROM b:2", {}, None, ("a:1", "b:2")),
        ("FROM a:1\nRUN cat <<<word && echo $((1 << 2))\nFROM b:2", {}, None, ("a:1", "b:2")),
        ("FROM a:1\nENV A=<<EOF\nFROM b:2", {}, None, ("a:1", "b:2")),
    ],
)
def test_base_images(text, arguments, target, expected):
    assert base_images(text, arguments, target) == expected


@pytest.mark.parametrize(
    "text, target, words, argument",
    [
        ("RUN true", None, "no FROM", None),
        ("", None, "no FROM", None),
        ("FROM", None, "without an image", None),
        ("ARG BASE\nFROM ${BASE}", None, "BASE has no value", "BASE"),
        ("FROM a:1\nARG BASE=b\nFROM $BASE", None, "BASE has no value", "BASE"),
        ("FROM a:1 AS one\nFROM b:2 AS two", "three", "no stage three; its stages are one, two", None),
        ("FROM a:1", "2", "without names", None),
        ("ARG X='a\nFROM a:1", None, "cannot be read", None),
    ],
)
def test_dockerfile_without_determinable_base_is_refused(text, target, words, argument):
    with pytest.raises(DockerfileError, match=words) as caught:
        base_images(text, {}, target)
    assert caught.value.argument == argument


def test_instructions_join_continued_lines():
    text = "run a \\\n  && b\n\n# no\nCMD [\"x\"]\nENV A=1 \\"
    assert list(instructions(text)) == [("RUN", "a  && b"), ("CMD", '["x"]'), ("ENV", "A=1")]
