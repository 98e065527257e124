/* SPDX-License-Identifier: BSD-3-Clause */
/* The best so far are a heap with the worst of them on top. */
#include "flow_query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct filter_scope flow_query_scope(void)
{
	struct filter_scope s = {
		.missing_groups = 1U << GROUP_tls | 1U << GROUP_http | 1U << GROUP_dns |
				  1U << GROUP_ssh,
	};

	for (unsigned int i = SOURCE_PROCESSORS; i < SOURCE_N; i++)
		s.missing_sources |= 1ULL << i;
	return s;
}

static int find_sort(struct flow_query *q, const char *key, struct filter_error *error)
{
	const struct filter_scope scope = flow_query_scope();
	const struct field *f;
	const char *nearest;

	if (!key || !*key)
		return 0;
	q->ascending = *key == '+';
	key += *key == '+' || *key == '-';
	f = field_find(key, strlen(key));
	if (f && field_sorts(f) && !(scope.missing_sources >> f->source & 1) &&
	    !(scope.missing_groups >> f->group & 1)) {
		q->sort = f;
		return 0;
	}
	nearest = f ? NULL : field_nearest(key, strlen(key));
	error->at = SIZE_MAX;
	snprintf(error->text, sizeof error->text, "flows cannot be sorted by \"%.60s\"%s%s%s", key,
		 nearest ? "; is it " : "", nearest ? nearest : "", nearest ? "?" : "");
	return -EINVAL;
}

int flow_query_init(struct flow_query *q, const char *filter, const char *sort, uint32_t limit,
		    struct filter_error *error)
{
	const struct filter_scope scope = flow_query_scope();
	int rc;

	memset(q, 0, sizeof *q);
	q->limit = limit;
	rc = filter_compile(&q->filter, filter ? filter : "", &scope, error);
	if (rc == 0)
		rc = find_sort(q, sort, error);
	if (rc)
		return rc;
	q->rows = malloc(limit * sizeof *q->rows);
	q->order = malloc(limit * sizeof *q->order);
	if (!q->rows || !q->order) {
		flow_query_free(q);
		return -ENOMEM;
	}
	return 0;
}

void flow_query_free(struct flow_query *q)
{
	free(q->rows);
	free(q->order);
	q->rows = NULL;
	q->order = NULL;
	q->n = 0;
}

/* Told before: of equals the flow that began first. */
static bool before(const struct flow_query *q, uint32_t a, uint32_t b)
{
	const struct flow_row *x = &q->rows[a], *y = &q->rows[b];

	if (x->value != y->value)
		return (x->value > y->value) != q->ascending;
	return x->record.flow_id < y->record.flow_id;
}

static void swap(uint32_t *a, uint32_t *b)
{
	const uint32_t was = *a;

	*a = *b;
	*b = was;
}

static void sift_up(struct flow_query *q, uint32_t at)
{
	for (; at; at = (at - 1) / 2) {
		if (!before(q, q->order[(at - 1) / 2], q->order[at]))
			return;
		swap(&q->order[(at - 1) / 2], &q->order[at]);
	}
}

static void sift_down(struct flow_query *q, uint32_t at, uint32_t n)
{
	for (uint32_t worst = 2 * at + 1; worst < n; worst = 2 * at + 1) {
		if (worst + 1 < n && before(q, q->order[worst], q->order[worst + 1]))
			worst++;
		if (!before(q, q->order[at], q->order[worst]))
			return;
		swap(&q->order[at], &q->order[worst]);
		at = worst;
	}
}

static void set_row(struct flow_row *row, uint64_t value, const struct flow_record *r)
{
	row->value = value;
	row->record = *r;
	snprintf(row->server_name, sizeof row->server_name, "%s", r->server_name);
	row->record.server_name = row->server_name;
}

void flow_query_see(void *self, const struct flow_record *r)
{
	struct flow_query *q = self;
	uint64_t value, worst;

	if (!filter_matches(&q->filter, r))
		return;
	q->matched++;
	value = q->sort && q->sort->is_known(r) ? q->sort->number(r) : 0;
	if (q->n < q->limit) {
		set_row(&q->rows[q->n], value, r);
		q->order[q->n] = q->n;
		sift_up(q, q->n++);
		return;
	}
	worst = q->sort ? q->rows[q->order[0]].value : value;
	if (value == worst || (value > worst) == q->ascending)
		return;
	set_row(&q->rows[q->order[0]], value, r);
	sift_down(q, 0, q->n);
}

bool flow_query_has_enough(const struct flow_query *q)
{
	return !q->sort && q->n == q->limit;
}

void flow_query_sort(struct flow_query *q)
{
	for (uint32_t n = q->n; n > 1; n--) {
		swap(&q->order[0], &q->order[n - 1]);
		sift_down(q, 0, n - 1);
	}
}

bool flow_query_needs_names(const struct flow_query *q)
{
	return filter_uses(&q->filter, "server_name");
}
