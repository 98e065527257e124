/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts and bytes of a packet that a processor keeps in its block, one behind the other: a block
 * begins with a struct processor_texts, and what is behind the processor's own struct is theirs.
 */
#pragma once

#include <string.h>

#include "core/counters.h"
#include "dpi/processor.h"

struct processor_texts {
	char *at, *end;
};

/*
 * processor_block() for a block that begins with a struct processor_texts; own_bytes: that of the
 * processor's struct with it.
 */
static inline void *processor_text_block(void *state, uint32_t own_bytes,
					 const struct processor_packet *p)
{
	struct processor_texts *t = processor_block(state, p);

	if (t && !t->at)
		*t = (struct processor_texts){(char *)t + own_bytes,
					      (char *)t + PROCESSOR_BLOCK_BYTES};
	return t;
}

/* Something that a packet says has no more room in the record. */
static inline void processor_count_cut(const struct processor_packet *p)
{
	counter_add(&p->all->counters[DPI_processor_texts_cut], 1);
}

static inline uint32_t processor_texts_take(struct processor_texts *t, uint32_t len,
					    uint32_t bytes_more, const struct processor_packet *p)
{
	const uint32_t room = (uint32_t)(t->end - t->at);

	if (len + bytes_more <= room)
		return len;
	processor_count_cut(p);
	return room > bytes_more ? room - bytes_more : 0;
}

/*
 * The first len bytes up to a NUL as a text, cut to bytes_max and to the room that is left, which
 * is counted; "" when there are none. It lives as long as the block.
 */
static inline const char *processor_text(struct processor_texts *t, const void *from, uint32_t len,
					 uint32_t bytes_max, const struct processor_packet *p)
{
	char *text = t->at;

	len = (uint32_t)strnlen(from, len < bytes_max ? len : bytes_max);
	if (len)
		len = processor_texts_take(t, len, 1, p);
	if (!len)
		return "";
	memcpy(text, from, len);
	text[len] = '\0';
	t->at += len + 1;
	return text;
}

/*
 * The same, but where it is what `before` says, a text of this block or "", that is given once
 * more: transactions of a flow have much in common.
 */
static inline const char *processor_text_again(struct processor_texts *t, const char *before,
					       const void *from, uint32_t len,
					       const struct processor_packet *p)
{
	const size_t wanted = strnlen(from, len);

	if (strlen(before) == wanted && memcmp(before, from, wanted) == 0)
		return before;
	return processor_text(t, from, len, len, p);
}

/* The same for bytes that are no text. */
static inline struct octets processor_octets(struct processor_texts *t, const void *from,
					     uint32_t len, uint32_t bytes_max,
					     const struct processor_packet *p)
{
	const uint8_t *bytes = (const uint8_t *)t->at;

	len = processor_texts_take(t, len < bytes_max ? len : bytes_max, 0, p);
	memcpy(t->at, from, len);
	t->at += len;
	return (struct octets){bytes, (uint16_t)len};
}
