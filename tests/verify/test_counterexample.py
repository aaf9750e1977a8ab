"""A fault in the Verilog: the first wrong register is named, the vectors can be played again and looked at."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tiny

from codesign.tools import find_tool
from codesign.verify.counterexample import explain, pipeline_stages
from codesign.verify.step import run_bench

pytestmark = [
    pytest.mark.rtl,
    pytest.mark.skipif(find_tool("iverilog") is None, reason="Icarus Verilog is not installed"),
]


def shift_one_operand(sources):
    """Change one shift in the last stage by one bit."""
    path = next(path for path in sources if path.name == "logic1.v")
    adder = r"(shift_adder #\(\d+,\d+,[01],[01],\d+,)(\d+)"
    path.write_text(re.sub(adder, lambda match: f"{match[1]}{int(match[2]) ^ 1}", path.read_text(), count=1))


def test_the_first_wrong_register_is_named_and_the_waveform_written(tmp_path):
    given = tiny.given(tmp_path, count=60)
    under_test = given.under_test
    shift_one_operand(under_test.design.sources)
    rows = np.arange(len(given.vectors))
    _, failed = run_bench(given, under_test.design, rows, simulator="icarus", label="RTL (icarus)")
    assert not failed.passed
    found = explain(under_test, tiny.CONTRACT, failed, given.work_dir / "replay")
    # Only the second score goes through the changed adder; the registers before it are right.
    assert re.match(r"register model_out\[16:9\] is 0x\w+, expected 0x\w+", found.cause)
    record = json.loads(Path(failed.counterexample).read_text())
    assert (record["cause"], record["replay"]) == (found.cause, found.replay)
    assert Path(record["waveform"]).stat().st_size > 500
    assert found.replay.endswith(f"-m codesign.verify.worker {given.work_dir / 'replay' / 'job.json'} test")
    assert found.cause in str(found)


def test_the_stages_end_in_the_scores(tmp_path):
    given = tiny.given(tmp_path, count=60)
    stages = pipeline_stages(given.under_test, tiny.CONTRACT, given.vectors.inputs)
    assert [stage.register for stage in stages] == ["model_inp_reg", "stage1_inp", "model_out"]
    raw = np.where(stages[-1].expected >> (np.array(stages[-1].widths) - 1) & 1, -1, 0)
    signed = stages[-1].expected | (raw << np.array(stages[-1].widths))
    assert (signed == given.reference).all()
