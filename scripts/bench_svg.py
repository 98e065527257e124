# SPDX-License-Identifier: BSD-3-Clause
"""The picture of scripts/bench: bars of nanoseconds a packet, with the ratios that have floors."""

from xml.sax.saxutils import escape

# Title of a group, and its rows.
GROUPS = [
    ("one lane, IPv4, 64-byte packets", [
        "mem_limit_1m", "parse_hash_v4", "table_pipe_64k", "table_pipe_1m", "table_pipe_8m",
        "table_b32_1m", "table_b1_1m", "rte_hash_1m"]),
    ("other traffic, 1 M flows", [
        "table_zipf_1m", "table_mixed_1m", "table_v6_pipe_1m", "churn_100", "churn_4", "syn_flood",
        "new_flows_null"]),
    ("end to end: net_pcap, receive to null output; 1 M flows by rewriting, its cost off", [
        "e2e_rx_free", "e2e_table", "e2e_table_1m"]),
    ("the whole program on a capture file, to IPFIX over UDP", [
        "pcap_count", "probe_pcap", "peer_softflowd"]),
    ("the same, a smaller capture", ["probe_pcap_small", "peer_ipfixprobe", "peer_nfpcapd"]),
    ("with nDPI", ["dpi_plain", "dpi_table", "pcap_ndpi", "probe_pcap_dpi",
                   "probe_pcap_dpi_small", "peer_ndpiReader"]),
]
# Measured a second time, beside what it is compared with: shown with the first.
SAME = {"table_pipe_1m_again": "table_pipe_1m"}
WIDTH, LEFT, BAR_MAX, ROW, TITLE = 980, 170, 400, 22, 34
OURS, OTHERS, GREY = "#2b6cb0", "#a0aec0", "#4a5568"
COLOURS = {"ok": "#276749", "below": "#c53030", "void": GREY}
NOT_OURS = ("mem_limit", "rte_hash", "peer_", "pcap_", "e2e_rx", "dpi_plain")


def text(x, y, words, **style):
    attributes = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in style.items())
    return f'<text x="{x}" y="{y}"{attributes}>{escape(words)}</text>'


def ratio_spans(ratios, name):
    """The ratios of a row that have floors."""
    spans = []
    for r in ratios:
        if SAME.get(r["row"], r["row"]) != name or not r.get("floor"):
            continue
        value = f"{r['value']:.2f}" if "value" in r else "void"
        words = f"{r['name']} {value} ({'≤' if r['at_most'] else '≥'} {r['floor']:g})"
        spans.append(f'<tspan fill="{COLOURS[r["verdict"]]}">{escape(words)}</tspan>')
    return "   ".join(spans)


def bar(y, row, scale, ratios):
    ours = not row["name"].startswith(NOT_OURS)
    width = max(1.0, row["ns"] * scale)
    label = f"{row['ns']:.1f}" + (" void" if row["void"] else " noisy" if row["noisy"] else "")
    spans = ratio_spans(ratios, row["name"])
    out = [text(LEFT - 8, y + 14, row["name"], text_anchor="end"),
           f'<rect x="{LEFT}" y="{y + 3}" width="{width:.1f}" height="{ROW - 7}" '
           f'fill="{OURS if ours else OTHERS}"/>',
           text(f"{LEFT + width + 6:.1f}", y + 14, label)]
    if spans:
        out.append(f'<text x="{WIDTH - 20}" y="{y + 14}" text-anchor="end" '
                   f'xml:space="preserve">{spans}</text>')
    return out


def group(y, title, rows, ratios):
    """Each group has a scale of its own: the longest bar is as long as a bar can be."""
    scale = BAR_MAX / max(r["ns"] for r in rows)
    out = [text(20, y + 20, title, font_weight="bold", font_size="14")]
    y += TITLE - 4
    for row in rows:
        out += bar(y, row, scale, ratios)
        y += ROW
    return out, y + 12


def picture(result):
    by_name = {r["name"]: r for r in result["rows"] if "ns" in r}
    machine = result["machine"]
    body, y = [], 74
    for title, names in GROUPS:
        rows = [by_name[n] for n in names if n in by_name]
        if rows:
            more, y = group(y, title, rows, result["ratios"])
            body += more
    head = [text(20, 30, "ftprobe: nanoseconds a packet (or flow), one core", font_size="18",
                 font_weight="bold"),
            text(20, 52, f"{machine['cpu']}, {machine['ghz']:.2f} GHz, pages {machine['pages']}, "
                 f"load {machine['load_before']:.2f}" + (" (noisy)" if machine["noisy"] else ""),
                 fill=GREY),
            text(WIDTH - 20, 52, "ratio (floor)", text_anchor="end", fill=GREY)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 6}" '
        f'viewBox="0 0 {WIDTH} {y + 6}" font-family="sans-serif" font-size="12" fill="#1a202c">',
        f'<rect width="{WIDTH}" height="{y + 6}" fill="#ffffff"/>', *head, *body, "</svg>", ""])
