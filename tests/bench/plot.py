"""Plots as SVG, written by hand: bars of rows against their goals, and lines of how cost grows."""
import html
import math

WIDTH, LEFT, RIGHT, ROW = 860, 330, 150, 24
LABEL = 14
COLOURS = ["#1f5f99", "#b3541e", "#3c7d3c", "#7a3c8c", "#8a7a1e", "#b03060"]
FONT = 'font-family="sans-serif" font-size="12"'


def text(x, y, words, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{html.escape(str(words))}</text>'


def document(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {FONT}>\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def figure(row):
    return row["ratio"] if "ratio" in row else row["value"]


def bars(rows, title):
    """A bar a row: how far it reaches its goal (the line at 1). Rows without a goal are left out."""
    rows = [row for row in rows if row.get("goal")]
    scale = (WIDTH - LEFT - RIGHT) / 2.0

    def reach(row, value):
        attained = row["goal"] / value if row.get("better") == "lower" else value / row["goal"]
        return LEFT + scale * min(attained, 2.0)

    parts = [text(10, 20, title, 'font-weight="bold"')]
    for number, row in enumerate(rows):
        y = 40 + number * ROW
        right = reach(row, figure(row))
        colour = "#3c7d3c" if right >= LEFT + scale else "#b3541e"
        against = f" / {row['against']}" if "against" in row else f" ({row['unit']})"
        parts.append(text(LEFT - 8, y + 12, row["work"] + against, 'text-anchor="end"'))
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{right - LEFT:.1f}" height="{ROW - 8}" fill="{colour}"/>')
        if row.get("spread") and min(row["spread"]) > 0:
            ends = sorted(reach(row, value) for value in row["spread"])
            parts.append(f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y + 8}" y2="{y + 8}" stroke="black"/>')
        parts.append(text(WIDTH - RIGHT + 8, y + 12, f"{figure(row):.3g}, goal {row['goal']:g}"))
    height = 50 + len(rows) * ROW
    parts.append(f'<line x1="{LEFT + scale}" x2="{LEFT + scale}" y1="34" y2="{height - 10}" stroke="black" '
                 'stroke-dasharray="4 3"/>')
    return document(WIDTH, height, parts)


def lines(title, x_label, y_label, series, log_x=False):
    """`series`: {name: [(x, y), …]}, y from 0 on."""
    width, height, left, top, right, bottom = 640, 420, 70, 60, 150, 50
    points = [point for line in series.values() for point in line]
    shape = (lambda x: math.log10(max(x, 1))) if log_x else float
    low, high = min(shape(x) for x, _ in points), max(shape(x) for x, _ in points)
    tallest = max(y for _, y in points) * 1.1 or 1

    def at(x, y):
        across = (shape(x) - low) / ((high - low) or 1)
        return left + across * (width - left - right), height - bottom - y / tallest * (height - top - bottom)

    parts = [text(10, 20, title, 'font-weight="bold"'), text((width - right + left) / 2, height - 10, x_label,
                                                             'text-anchor="middle"'), text(10, top - 16, y_label)]
    for step in range(5):
        y = tallest * step / 4
        _, level = at(points[0][0], y)
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{level:.1f}" y2="{level:.1f}" stroke="#ddd"/>')
        parts.append(text(left - 6, level + 4, f"{y:.3g}", 'text-anchor="end"'))
    for x in sorted({x for x, _ in points}):
        parts.append(text(at(x, 0)[0], height - bottom + 16, f"{x:g}", 'text-anchor="middle"'))
    label_at = {}  # names beside the last points, pushed apart where they would cover each other
    lowest = -LABEL
    for name, line in sorted(series.items(), key=lambda item: at(*item[1][-1])[1]):
        lowest = label_at[name] = max(at(*line[-1])[1] + 4, lowest + LABEL)
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (at(*p) for p in line)]
        parts.append(text(width - right + 8, label_at[name], name, f'fill="{colour}"'))
    return document(width, height, parts)
