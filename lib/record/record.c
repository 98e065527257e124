/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the finite sets of the vocabulary. */
#include "record/record.h"

static const char *const end_reasons[END_N] = {
	[END_NONE] = "none",	[END_IDLE] = "idle",	 [END_ACTIVE] = "active",
	[END_DETECTED] = "end", [END_FORCED] = "forced", [END_OVERFLOW] = "overflow",
	[END_SLICE] = "slice",
};

const char *end_reason_name(enum end_reason reason)
{
	return reason < END_N ? end_reasons[reason] : "none";
}

uint8_t end_reason_ipfix(enum end_reason reason)
{
	return reason == END_SLICE ? END_ACTIVE : (uint8_t)reason;
}
