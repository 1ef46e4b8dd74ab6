"""Tables by step: read back as written, cut where a run goes on, whole after a kill within a row."""

from reelfix.restoration.training.step_table import StepTable


def test_rows_past_the_step_gone_on_from_are_forgotten(tmp_path):
    path = tmp_path / "losses.csv"
    table = StepTable(path, 0)
    for step in (5, 10, 15):
        table.append(step, {"l1": 1 / step, "busy": None})
    again = StepTable(path, 10)
    assert again.rows == [{"step": 5.0, "l1": 0.2}, {"step": 10.0, "l1": 0.1}]
    assert (again.last_step, path.read_text()) == (10, "step,l1,busy\n5,0.2,\n10,0.1,\n")


def test_a_row_the_writer_was_killed_in_is_left_out(tmp_path):
    path = tmp_path / "losses.csv"
    table = StepTable(path, 0)
    table.append(1, {"l1": 0.5})
    table.append(2, {"l1": 0.25})
    path.write_text(path.read_text()[:-3])
    again = StepTable(path, 9)
    assert again.last_step == 1
    again.append(2, {"l1": 0.25, "late": 3.0})
    assert path.read_text() == "step,l1,late\n1,0.5,\n2,0.25,3.0\n"
