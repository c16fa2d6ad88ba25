# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The schema of an application's description, as one table."""

from __future__ import annotations

import re

from ..secret_sources import NAME as SUBDOMAIN
from .checks import Field, ListOf, Mapping, build_args, flag, free_mapping, http_status, matching, one_of, service_port, text, url_path

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
IMAGE = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
ORIGIN = re.compile(r"(https?://[^/\s]+)?")
NODE_PORT, FORWARD, INGRESS, LOADBALANCER = VIA = ("nodeport", "forward", "ingress", "loadbalancer")  # as http_health_info has them
KINDS = ("Deployment", "StatefulSet", "DaemonSet")

LABEL_RULE = "use lower-case letters, digits and '-', at most 63, with a letter or digit at both ends (RFC 1123)"
name = matching(LABEL, LABEL_RULE)
object_name = matching(SUBDOMAIN, "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends (RFC 1123)")
service_name = matching(SERVICE, LABEL_RULE + ", and a letter at the start")
image_name = matching(IMAGE, "use a repository's name without registry and tag, for example backend-api")
origin = matching(ORIGIN, "use a scheme and a host, for example https://app.example.org")

APP = Mapping({
    "name": Field(name, required=True),
    "namespace": Field(name, default="default"),
    "images": Field(ListOf(Mapping({
        "name": Field(image_name, required=True),
        "context": Field(text),
        "dockerfile": Field(text, default="Dockerfile"),
        "args": Field(build_args, default={}),
        "target": Field(text),
        "archive": Field(text),
        "tag": Field(text),
    }), named=("name",)), default=[]),
    "manifests": Field(ListOf(text, min_length=1), required=True),
    "secrets": Field(ListOf(Mapping({
        "name": Field(object_name, required=True),
        "data": Field(free_mapping, required=True),
    }), named=("name",)), default=[]),
    "workloads": Field(ListOf(Mapping({
        "kind": Field(one_of(*KINDS), default="Deployment"),
        "name": Field(object_name, required=True),
        "signs": Field(flag, default=False),
        "dapr": Field(flag, default=False),
    }), named=("kind", "name"), min_length=1), required=True),
    "health": Field(ListOf(Mapping({
        "name": Field(text, required=True),
        "service": Field(service_name, required=True),
        "port": Field(service_port),
        "path": Field(url_path, default="/"),
        "status": Field(http_status, default=200),
        "json": Field(free_mapping, default={}),
        "via": Field(one_of(*VIA)),
        "url": Field(origin, default=""),
    }), named=("name",)), default=[]),
    "address": Field(Mapping({
        "service": Field(service_name, required=True),
        "port": Field(service_port),
        "path": Field(url_path, default="/"),
        "via": Field(one_of(*VIA), default=NODE_PORT),
        "url": Field(origin, default=""),
        "forward": Field(flag, default=False),
    })),
    "database": Field(Mapping({"secret": Field(object_name, required=True), "key": Field(text, required=True)})),
    "duplicates": Field(Mapping({
        "events": Field(ListOf(Mapping({
            "table": Field(text, required=True),
            "schema": Field(text),
            "column": Field(text, default="details"),
            "path": Field(ListOf(text, min_length=1), default=["event_id"]),
            "operator": Field(one_of("->>", "->", "#>>"), default="->>"),
            "order_by": Field(ListOf(text, min_length=1), default=["timestamp"]),
            "consumer_column": Field(text),
            "ignored_columns": Field(ListOf(text)),
            "ignored_keys": Field(ListOf(text)),
            "index": Field(text),
        })), default=[{"table": "audit_log"}]),
        "requests": Field(ListOf(Mapping({
            "table": Field(text, required=True),
            "schema": Field(text),
            "columns": Field(ListOf(text, min_length=1), required=True),
            "time_column": Field(text, default="created_at"),
        })), default=[{"table": "task", "columns": ["user_id", "title"]}]),
    }), default={}),
    "auth": Field(Mapping({
        "secret": Field(object_name, required=True),
        "key": Field(text, required=True),
        "service": Field(service_name, required=True),
        "path": Field(url_path, default="/api/auth"),
        "verify": Field(Mapping({"service": Field(service_name, required=True), "path": Field(url_path, required=True)})),
        "verify_cookies": Field(ListOf(Mapping({"service": Field(service_name, required=True), "path": Field(url_path, required=True)})), default=[]),
        "origin": Field(origin, default=""),
        "verifiers": Field(ListOf(Mapping({
            "secret": Field(object_name, required=True),
            "versions_key": Field(text, required=True),
        })), default=[]),
        "algorithm": Field(text),
        "tables": Field(Mapping({
            "table": Field(text),
            "schema": Field(text),
            "columns": Field(free_mapping),
            "table_names": Field(free_mapping),
            "column_names": Field(free_mapping),
            "additional_columns": Field(ListOf(text)),
            "unused": Field(ListOf(text)),
            "unscanned": Field(ListOf(text)),
        }), default={}),
    })),
})
