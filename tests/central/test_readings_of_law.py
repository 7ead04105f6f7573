"""One month under each reading of the law, from the example's files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "example"


def test_each_other_reading_stands_beside_the_current_one_with_its_difference_and_question() -> None:
    command = [sys.executable, "-m", "central", "readings-of-law", "--month", "2026-10", "--json"]
    command += ["--cluster", str(EXAMPLE / "cluster.toml"), "--rates", str(EXAMPLE / "rates.toml")]
    command += ["--readings", *map(str, sorted(EXAMPLE.glob("readings*.csv")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["setting"]: row for row in found["settings"]}
    literal = rows["above_100"]["alternatives"][0]
    assert literal["value"] == "literal"
    assert literal["relieved_wh"] == found["current"]["relieved_wh"]
    assert float(literal["difference"]["charge_zl"]) > 0
    assert rows["above_100"]["question_pl"].endswith("?")
    assert rows["storage"]["no_effect"] == "no storage"
    gross = rows["ratio_denominator"]["alternatives"][0]
    assert gross["complete"] == 0, "files know no generation meter, and nothing is guessed"
    assert gross["charge_zl"] is None
    assert float(found["cheapest"]["charge_zl"]) <= float(found["current"]["charge_zl"])
