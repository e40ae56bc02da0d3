"""What `make bench` writes: ratios, merging by case, and the page. No model, no peer; `make check` runs it."""

import json
import pathlib
import tempfile
import unittest

import cases
import page
import results
import training


class Rows(unittest.TestCase):
    def test_a_ratio_above_one_means_ours_is_better_in_both_directions(self):
        faster = results.row("a", [20, 30, 40], [10, 10, 20], "tokens/s", higher_is_better=True)
        sooner = results.row("b", [1, 2, 3], [10, 4, 9], "s", higher_is_better=False)
        self.assertEqual((faster["ours"], faster["peer"], faster["ratio"]), (30, 10, 2))
        self.assertEqual((sooner["ours"], sooner["peer"], sooner["ratio"]), (2, 9, 3))
        self.assertEqual(sooner["peer_rounds"], [10, 4, 9])
        self.assertEqual(faster["ratio_range"], [2, 3])
        self.assertEqual(sooner["ratio_range"], [2, 10])
        self.assertLess(results.row("c", [1], [2], "s", higher_is_better=True)["ratio"], 1)

    def test_rows_of_now_replace_those_of_before_and_the_others_stay(self):
        old = [{"case": "b", "ours": 1}, {"case": "gone", "ours": 2}, {"case": "a", "ours": 3}]
        new = [{"case": "c", "ours": 4}, {"case": "b", "ours": 5}]
        merged = results.merged(old, new, ["a", "b", "c"])
        self.assertEqual([(row["case"], row["ours"]) for row in merged], [("a", 3), ("b", 5), ("c", 4), ("gone", 2)])

    def test_what_is_saved_is_an_array_that_loads_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bench" / "results.json"
            row = results.row("a", [2.0], [1.0], "x", higher_is_better=True)
            results.save(path, [row])
            self.assertEqual(results.load(path), [row])
            self.assertTrue({"case", "ours", "peer", "ratio", "unit", "rounds"} <= set(json.loads(path.read_text())[0]))

    def test_numbers_have_three_digits(self):
        self.assertEqual([results.number(x) for x in (0, 0.01234, 1.234, 12.34, 123.4, 12345.6)],
                         ["0", "0.0123", "1.23", "12.3", "123", "12,346"])


class Page(unittest.TestCase):
    def test_it_shows_every_row_with_its_numbers_and_the_targets_of_the_fixed_cases(self):
        row = results.row(
            "train-loreft-b8", [300, 310], [100, 110], "true tokens/s", higher_is_better=True, peer_name="pyreft 0.1.0", data="x",
            true_tokens=1000, padded_tokens=1200, first_losses=[7.0, 7.0], notes=["a note"],
            peak={"gflop_per_token": 0.425, "sgemm_gflops": 200.0, "ours_gflops": 130.0, "ours_share": 0.65, "peer_share": 0.2})
        other = results.row("unknown", [1], [2], "s", higher_is_better=False)
        text = page.text([row, other], None)
        for expected in ("305 (300 - 310)", "105 (100 - 110)", "**2.91**", "2.4 ✓", "0.425 GFLOP", "65%", "a note", "`unknown`", "1,200", "7.0000"):
            self.assertIn(expected, text)

    def test_what_a_gpu_gave_stands_apart_in_its_own_units(self):
        peak = {"gflop_per_token": 28.0, "sgemm_gflops": 700e3, "ours_gflops": 350e3, "ours_share": 0.5, "peer_share": 0.25, "layers": 32}
        row = results.row("gpu-train-loreft-b8", [900], [450], "true tokens/s", higher_is_better=True, peer_name="pyreft 0.1.0", peak=peak)
        found = {"device": {"name": "a GPU", "shape": "llama-3-8b", "dtype": "bfloat16", "gflops": 710e3, "read_gbs": 3300.0},
                 "gaps": {"float32": {"logits": 2e-6, "steps": 1e-6, "recorded": True, "why_not_recorded": ""}}}
        text = page.text([row], None, device=found)
        for expected in ("## On a GPU", "a GPU: 710 TFLOP/s", "2.0e-06", "CUDA graphs: yes", "| ours | 350 | 50% |", "| pyreft 0.1.0 | 175 | 25% |"):
            self.assertIn(expected, text)
        self.assertNotIn("Share of the machine's peak", text)
        self.assertIn("was not held to the CPU", page.text([row], None))
        self.assertNotIn("## On a GPU", page.text([], None))

    def test_a_run_is_held_against_its_products_at_the_peak_and_alone(self):
        peak = {"gflop_per_token": 0.4, "sgemm_gflops": 200.0, "ours_gflops": 150.0, "ours_share": 0.75, "peer_share": 0.4, "layers": 30}
        update = results.row("train-loreft-b8", [400], [200], "true tokens/s", higher_is_better=True, peer_name="x", data="x", peak=peak)
        run = results.row("train-lofit", [20.0], [48.0], "s a run", higher_is_better=False, peer_name="x", data="x", run_tokens=8421,
                          run_rows=842, products_gflops=160.0)
        text = page.text([update, run], None)
        self.assertIn("(8,421 true tokens) take 16.0 s at that peak, 3.00 times less than the peer's run; ours is at 80% of that", text)
        self.assertIn("(842 rows) run at 160 GFLOP/s: 20.0 s a run and 2.40 times the peer", text)
        self.assertIn("The target of 2.5 is beyond what this machine's products allow", text)
        run["products_gflops"] = 190.0
        self.assertNotIn("beyond what this machine's products allow", page.text([update, run], None))

    def test_growth_shows_both_sides_where_there_is_a_peer(self):
        alone = {"name": "growth-adapters", "title": "adapters", "axis": "adapters", "unit": "s",
                 "points": [{"at": 1, "ours_s": 0.5, "ours_mb": 900.0}]}
        paired = {"name": "growth-rank", "title": "rank", "axis": "rank", "unit": "s",
                  "points": [{"at": 4, "ours_s": 0.5, "peer_s": 1.5, "ours_mb": 900.0, "peer_mb": 1800.0}]}
        text = page.text([], None, [paired, alone])
        self.assertIn("| 4 | 0.5 | 1.50 | 3.00 | 900 | 1,800 | 2.00 |", text)
        self.assertIn("| 1 | 0.5 | 900 |", text)
        self.assertIn("images/growth-rank-memory.svg", text)

    def test_the_profile_sets_rates_beside_the_machines_limits(self):
        machine = {"processor": "p", "cores": 2, "instructions": ["avx2"], "memory_gb": 8, "system": "s", "date": "d", "threads": 2,
                   "sgemm_gflops": 200.0, "read_gbs": 20.0, "revision": "r", "swift": "6", "peers": "x"}
        one = {"name": "profile-train", "title": "an update", "seconds": 0.5, "tokens": 100, "unobserved_rate": 250.0,
               "operations": [{"name": "aten::mm", "calls": 3, "seconds": 0.25, "operations": 25e9, "bytes": 1e9},
                              {"name": "aten::add", "calls": 3, "seconds": 0.1, "operations": 0, "bytes": 1e9}],
               "others_s": 0.1, "outside_s": 0.05}
        text = page.text([], machine, [], [one])
        self.assertIn("| `aten::mm` | 3 | 250.0 | 50.0% | 100 (50%) |  |", text)
        self.assertIn("| `aten::add` | 3 | 100.0 | 20.0% |  | 10.0 (50%) |", text)

    def test_an_empty_folder_gives_a_page_without_tables(self):
        self.assertNotIn("|", page.text([], None))


class Cases(unittest.TestCase):
    def test_the_fixed_names_are_there(self):
        self.assertEqual(list(cases.FIXED), [
            "train-loreft-b8", "train-lora-b8", "train-lofit", "score-truthfulqa", "generate-b16", "generate-b1", "start",
            "memory-train"])

    def test_heads_become_locations_by_layer(self):
        self.assertEqual(training.locations([[3, 1], [0, 2], [3, 0]]),
                         "0.head_attention_value_output[2]@all; 3.head_attention_value_output[0,1]@all")

    def test_batches_end_with_the_epoch(self):
        self.assertEqual(training.batches([[0, 1, 2], [2, 1, 0]], 2), [[0, 1], [2], [2, 1], [0]])


if __name__ == "__main__":
    unittest.main()
