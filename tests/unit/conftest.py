# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes this checkout importable as ansible_collections.runbook.minikube, and records the run where that is requested."""

from __future__ import annotations

import collection
import recorder


def pytest_configure(config):
    collection.make_importable()
    recorder.register(config)
