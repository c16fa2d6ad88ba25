# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits, and deletes the pods of former revisions that a StatefulSet's controller would wait for, for ever."""

from __future__ import annotations

import time
from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.rollout.actions import Removal
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.apply import apply
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import FAILED, Cause, Options
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import LAST_WORDS, Outcome, wait_for


def wait_unblocked(feed: Feed, options: Options, timeout: float) -> tuple[Outcome, list[Removal]]:
    """As wait_for; goes on after a failure all of whose causes are such pods. Returns also what was deleted."""
    began, removed = time.monotonic(), []
    outcome = wait_for(feed, options, timeout)
    while not outcome.timed_out and time.monotonic() - began < timeout and (causes := _only_blocking(outcome)):
        removals = [item for item in _removals(feed, causes) if item.uid not in {done.uid for done in removed}]
        apply(feed.cluster, feed.observation.namespace, removals)
        removed += removals
        feed.wait(LAST_WORDS)
        outcome = wait_for(feed, options, timeout - (time.monotonic() - began))
    return replace(outcome, seconds=time.monotonic() - began), removed


def _only_blocking(outcome: Outcome) -> list[Cause]:
    causes = outcome.verdict.causes if outcome.verdict.state == FAILED else []
    return causes if all(cause.blocking for cause in causes) else []


def _removals(feed: Feed, causes: list[Cause]) -> list[Removal]:
    pods = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in feed.observation.of("Pod")}
    workloads = {str(workload): workload for workload in feed.observation.workloads}
    return [Removal(workloads[cause.workload], cause.pod, pods[cause.pod]) for cause in causes if cause.pod in pods]
