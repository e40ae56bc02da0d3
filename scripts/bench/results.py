"""Rows of results: made from paired rounds, merged by case, printed as a table."""

import datetime
import json
import statistics


def row(case, ours, peer, unit, *, higher_is_better, rounds=None, **facts):
    """One row from paired values. The ratio, the median of the rounds' own, is above 1 where ours is better, whatever the direction of the unit.

    Both sides of a round are measured within seconds of one another; the medians of the sides may come from rounds between which the machine
    has become slower or faster.
    """
    better = (lambda a, b: a / b) if higher_is_better else (lambda a, b: b / a)
    middle = statistics.median
    ratios = [better(a, b) for a, b in zip(ours, peer)]
    return {
        "case": case, "ours": middle(ours), "peer": middle(peer), "ratio": middle(ratios), "unit": unit,
        "rounds": rounds or len(ours), "ours_range": [min(ours), max(ours)], "peer_range": [min(peer), max(peer)],
        "ratio_range": [min(ratios), max(ratios)], "ours_rounds": list(ours), "peer_rounds": list(peer), "higher_is_better": higher_is_better,
        "date": datetime.date.today().isoformat(), **facts}


def merged(old, new, order):
    """Rows of now in place of those of before; the cases that are not known in `order` keep their place at the end."""
    by_case = {row["case"]: row for row in [*old, *new]}
    known = [name for name in order if name in by_case]
    return [by_case[name] for name in [*known, *(name for name in by_case if name not in order)]]


def load(path):
    return json.loads(path.read_text()) if path.exists() else []


def save(path, rows):
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows, indent=1) + "\n")
    partial.replace(path)


def number(value):
    """Three significant digits, no exponent."""
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def spread(pair):
    return f"{number(pair[0])} - {number(pair[1])}"


def cells(row):
    """What a table shows of a row: case, ours, the peer, ratio, and rounds."""
    return [row["case"], f"{number(row['ours'])} ({spread(row['ours_range'])})",
            f"{number(row['peer'])} ({spread(row['peer_range'])})", row["unit"],
            f"{row['ratio']:.2f} ({row['ratio_range'][0]:.2f} - {row['ratio_range'][1]:.2f})", str(row["rounds"])]


HEAD = ["case", "ours (range)", "peer (range)", "unit", "ratio (range)", "rounds"]


def table(rows):
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])
