/* SPDX-License-Identifier: BSD-3-Clause */
/* A place for each format; who comes when all are taken gets the oldest. */
#include "log_limit.h"

#include <stdio.h>

static struct log_kind *find(struct log_limit *l, const char *format)
{
	for (unsigned int i = 0; i < LOG_KINDS_MAX; i++)
		if (l->kinds[i].format == format)
			return &l->kinds[i];
	return NULL;
}

/* One of which nothing is left to tell, if there is any. */
static struct log_kind *take_place(struct log_limit *l, const char *format)
{
	struct log_kind *oldest = NULL;

	for (unsigned int i = 0; i < LOG_KINDS_MAX; i++) {
		struct log_kind *k = &l->kinds[i];

		if (!k->format) {
			oldest = k;
			break;
		}
		if (!k->suppressed && (!oldest || k->since_ns < oldest->since_ns))
			oldest = k;
	}
	if (oldest)
		*oldest = (struct log_kind){.format = format};
	return oldest;
}

bool log_limit_admit(struct log_limit *l, const char *format, uint64_t now_ns, uint32_t *suppressed)
{
	struct log_kind *k = find(l, format);

	*suppressed = 0;
	if (!k)
		k = take_place(l, format);
	if (!k)
		return true;
	if (!k->printed || now_ns - k->since_ns >= LOG_LINES_NS) {
		*suppressed = k->suppressed;
		k->since_ns = now_ns;
		k->printed = k->suppressed = 0;
	}
	if (k->printed == LOG_LINES_MAX) {
		k->suppressed++;
		return false;
	}
	k->printed++;
	return true;
}

void log_limit_keep(struct log_limit *l, const char *format, const char *line)
{
	struct log_kind *k = find(l, format);

	if (k)
		snprintf(k->last, sizeof k->last, "%s", line);
}

bool log_limit_next(struct log_limit *l, uint64_t now_ns, uint32_t *suppressed, const char **last)
{
	for (unsigned int i = 0; i < LOG_KINDS_MAX; i++) {
		struct log_kind *k = &l->kinds[i];

		if (!k->suppressed || now_ns - k->since_ns < LOG_LINES_NS)
			continue;
		*suppressed = k->suppressed;
		*last = k->last;
		k->suppressed = 0;
		return true;
	}
	return false;
}
