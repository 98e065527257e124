/* SPDX-License-Identifier: BSD-3-Clause */
/* Which fields tell less than was seen, as a collector must know it (RFC 6235 6). */
#include "export/ipfix_internal.h"

#include <errno.h>
#include <stdlib.h>

/* anonymizationFlags (RFC 6235 6.2.2): how long the same value becomes the same one. */
enum { STABLE_SESSION = 1, STABLE = 3 };

/* Of a list its element: basicList is in every template's words, and says nothing. */
static struct ipfix_hidden hidden_field(uint32_t place, const struct ipfix_field *f,
					enum privacy_technique technique)
{
	const struct element_info *e = element_info(f->element);
	const bool list = f->id == IPFIX_BASIC_LIST && !f->pen;

	return (struct ipfix_hidden){place, list ? e->pen : f->pen, list ? e->ipfix_id : f->id,
				     technique};
}

static uint32_t find(const struct ipfix_profile *p, struct ipfix_hidden *to)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < p->n_templates; t++)
		for (uint32_t f = 0; f < p->templates[t]->n; f++) {
			const struct ipfix_field *field = &p->templates[t]->fields[f];
			const enum privacy_technique technique =
				privacy_technique(&p->options.privacy, field->element);

			if (technique == PRIVACY_NONE)
				continue;
			if (to)
				to[n] = hidden_field(t, field, technique);
			n++;
		}
	return n;
}

int ipfix_hidden_find(struct ipfix_profile *p)
{
	p->n_hidden = find(p, NULL);
	if (!p->n_hidden)
		return 0;
	p->hidden = calloc(p->n_hidden, sizeof *p->hidden);
	if (!p->hidden)
		return -ENOMEM;
	find(p, p->hidden);
	return 0;
}

void ipfix_hidden_put(const struct ipfix_profile *p, uint32_t i, struct wbuf *w)
{
	const struct ipfix_hidden *h = &p->hidden[i];
	const bool keyed = h->technique != PRIVACY_PRECISION_DEGRADED;
	const bool has_file = p->options.privacy.addresses == PRIVACY_CRYPTOPAN;

	put_be16(w, (uint16_t)(TEMPLATE_ID_FIRST + h->place));
	put_be16(w, h->id);
	put_be32(w, h->pen);
	put_be16(w, (uint16_t)h->technique);
	put_be16(w, keyed && !has_file ? STABLE_SESSION : STABLE);
}
