/* SPDX-License-Identifier: BSD-3-Clause */
/* Long headers of QUIC (RFC 9000 17.2, RFC 9369), and what a client's Initial packet hides. */
#pragma once

#include "core/bytes.h"
#include "dpi/processor_crypto.h"
#include "record/lists.h"

enum quic_type { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_NEGOTIATION };

struct quic_packet {
	enum quic_type type;
	uint32_t version;
	struct octets destination, source; /* connection ids */
	uint64_t token_len;		   /* of an Initial */
	struct processor_bytes bytes;	   /* what was captured of it */
	size_t number_at;		   /* the packet number, protected; of an Initial */
	bool whole;			   /* all of it was captured */
};

/* An integer of variable length (RFC 9000 16). */
uint64_t quic_get_integer(struct rbuf *r);

/*
 * The next packet of a datagram, which r then is behind. False: none with a long header of a known
 * version, or one that is broken; nothing can be said of what comes behind it.
 */
bool quic_packet_next(struct quic_packet *q, struct rbuf *r);

/*
 * Opens an Initial that a client sealed (RFC 9001 5) with keys from the connection id that its
 * first one went to. Returns the length of what is in it, 0: it cannot be opened.
 */
size_t quic_initial_open(const struct quic_packet *q, struct processor_crypto *c, struct octets id,
			 uint8_t out[QUIC_INITIAL_BYTES_MAX]);

/* Called with every CRYPTO frame: an offset, and bytes. */
typedef void quic_crypto_frame(void *context, uint64_t offset, struct octets bytes);

/* Walks the frames of an Initial up to the first that must not be there. */
void quic_initial_frames(const uint8_t *frames, size_t len, quic_crypto_frame *call, void *context);
