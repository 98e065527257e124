#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Times in a file of ipfix_clock.sh: three parts of FLOWS flows, an hour back, two forward.

  ipfix_clock.py FILE FLOWS
"""

import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import ipfix_cases  # noqa: E402  (nothing is written beside it)

START, END = 152, 153
HOUR_S, NEAR_S = 3600, 120


def main():
    if len(sys.argv) != 3:
        return __doc__
    flows, hours, now_s = int(sys.argv[2]), {-1: 0, 0: 0, 1: 0}, time.time()
    for export_s, record in ipfix_cases.records(Path(sys.argv[1])):
        times = {f.id: int.from_bytes(v, "big") for f, v in record if f.pen == 0}
        if not times[START] <= times[END] <= export_s * 1000:
            return f"start {times[START]}, end {times[END]}, export {export_s}"
        if export_s * 1000 - times[END] > NEAR_S * 1000:
            return f"a flow that ended at {times[END]} is exported at {export_s}"
        hour = round((export_s - now_s) / HOUR_S)
        if hour not in hours or abs(export_s - now_s - hour * HOUR_S) > NEAR_S:
            return f"export time {export_s} is none of the clock's"
        hours[hour] += 1
    print(f"flows by hour: {hours}")
    # a flow may still have been in the table when the clock was set
    return 0 if sum(hours.values()) == 3 * flows and min(hours.values()) > flows / 2 else "too few"


if __name__ == "__main__":
    sys.exit(main())
