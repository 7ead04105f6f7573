"""The topics of one cluster. Where a broker serves several, each cluster has a level of its own above its gateways'."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from metering.point import gateway_id_problem
from metering.wire import ROOT

CLUSTER_PATTERN: Final = r"\A([a-z0-9][a-z0-9_-]{0,34})?\Z"
"""The shape of a cluster's name in its topics; empty where the broker serves this cluster alone."""


def cluster_id_problem(text: str) -> str | None:
    """Why ``text`` can't be a cluster's level of the topics, or None when it can; empty means there is none."""
    if text == "central":
        return "'central' is the centre's own level; choose another"
    if not re.fullmatch(CLUSTER_PATTERN, text):
        return "expected 1 to 35 of a-z 0-9 _ -, beginning with a letter or digit"
    return None


class Topics(msgspec.Struct, frozen=True):
    """``klaster/v1/<gateway>/…``, or ``klaster/v1/<cluster>/<gateway>/…``: no filter of one matches the other."""

    cluster: str = ""

    @property
    def root(self) -> str:
        """What all topics of the cluster begin with."""
        return f"{ROOT}/{self.cluster}" if self.cluster else ROOT

    @property
    def presence(self) -> str:
        """Retained; central's last will. Absent means offline."""
        return f"{self.root}/central/presence"

    def every(self, leaf: str) -> str:
        """The filter for that leaf of all gateways."""
        return f"{self.root}/+/{leaf}"

    def of(self, gateway: str, leaf: str) -> str:
        """A gateway's topic; leaf is stands, receipts, status, live or requests.

        Raises:
            ValueError: the gateway's id is not one level of a topic, or is ``central``.
        """
        if problem := gateway_id_problem(gateway):
            raise ValueError(f"gateway {gateway!r}: {problem}")
        return f"{self.root}/{gateway}/{leaf}"

    def gateway_of(self, text: str) -> str | None:
        """The gateway named by a topic, or None when the topic isn't one of this cluster's gateways."""
        found = re.fullmatch(rf"{re.escape(self.root)}/([^/]+)/(?:stands|receipts|status|live|requests)", text)
        return found[1] if found and gateway_id_problem(found[1]) is None else None

    def client_id(self, name: str) -> str:
        """The id under which the broker knows a client: one for each name in each cluster."""
        return f"klaster-{self.cluster}/{name}" if self.cluster else f"klaster-{name}"
