/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Community ID version 1. Endpoints are ordered by address, then port. ICMP types take the place
 * of ports: a type that has a counterpart (echo, echo reply) is paired with it, any other with its
 * code, and then the flow counts as one-way and keeps its order.
 */
#include "export/community_id.h"
#include "core/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define DIGEST_BYTES 20

struct community_id {
	EVP_MD *sha1;
	EVP_MD_CTX *context;
};

int community_id_create(struct community_id **out)
{
	struct community_id *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	c->context = EVP_MD_CTX_new();
	if (!c->sha1 || !c->context) {
		int error = c->sha1 ? -ENOMEM : -ENOTSUP;

		community_id_destroy(c);
		return error;
	}
	*out = c;
	return 0;
}

void community_id_destroy(struct community_id *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->context);
	EVP_MD_free(c->sha1);
	free(c);
}

/* The two types of a request and its answer. */
struct type_pair {
	uint8_t request, answer;
};

static const struct type_pair icmp_pairs[] = {
	{8, 0},	  /* echo */
	{10, 9},  /* router solicitation, advertisement */
	{13, 14}, /* timestamp */
	{15, 16}, /* information */
	{17, 18}, /* address mask */
};

static const struct type_pair icmp6_pairs[] = {
	{128, 129}, /* echo */
	{130, 131}, /* multicast listener query, report */
	{133, 134}, /* router solicitation, advertisement */
	{135, 136}, /* neighbour solicitation, advertisement */
	{139, 140}, /* node information */
	{144, 145}, /* home agent address discovery */
};

/* The counterpart of an ICMP type, -1 when it has none. */
static int icmp_counterpart(uint8_t protocol, uint8_t type)
{
	const struct type_pair *pairs = protocol == 1 ? icmp_pairs : icmp6_pairs;
	size_t n = protocol == 1 ? sizeof icmp_pairs / sizeof *pairs :
				   sizeof icmp6_pairs / sizeof *pairs;

	for (size_t i = 0; i < n; i++) {
		if (pairs[i].request == type)
			return pairs[i].answer;
		if (pairs[i].answer == type)
			return pairs[i].request;
	}
	return -1;
}

/* The seed, two IPv6 addresses, protocol and padding, two ports. */
#define INPUT_BYTES (2 + 32 + 2 + 4)

static size_t write_input(uint8_t input[INPUT_BYTES], const struct flow_record *r)
{
	struct wbuf w = wbuf_make(input, INPUT_BYTES);
	size_t addr_len = r->ip_version == 6 ? 16 : 4;
	bool icmp = flow_record_is_icmp(r);
	bool ports = icmp || r->protocol == 6 || r->protocol == 17 || r->protocol == 132;
	int counterpart = icmp ? icmp_counterpart(r->protocol, r->icmp_type) : -1;
	uint16_t from = icmp ? r->icmp_type : r->src_port;
	uint16_t to = icmp ? r->icmp_code : r->dst_port;
	int order = memcmp(r->src_addr, r->dst_addr, addr_len);
	bool swap;

	if (counterpart >= 0)
		to = (uint16_t)counterpart;
	swap = order > 0 || (order == 0 && from > to);
	if (icmp && counterpart < 0)
		swap = false;
	put_be16(&w, 0); /* the seed */
	put_bytes(&w, swap ? r->dst_addr : r->src_addr, addr_len);
	put_bytes(&w, swap ? r->src_addr : r->dst_addr, addr_len);
	put_u8(&w, r->protocol);
	put_u8(&w, 0);
	if (ports) {
		put_be16(&w, swap ? to : from);
		put_be16(&w, swap ? from : to);
	}
	return (size_t)(w.at - input);
}

bool community_id_write(struct community_id *c, const struct flow_record *r,
			char text[COMMUNITY_ID_LEN])
{
	uint8_t input[INPUT_BYTES];
	uint8_t digest[DIGEST_BYTES];
	uint8_t base64[COMMUNITY_ID_LEN]; /* 28 characters and the NUL of EVP_EncodeBlock() */
	size_t len = write_input(input, r);

	if (EVP_DigestInit_ex2(c->context, c->sha1, NULL) != 1 ||
	    EVP_DigestUpdate(c->context, input, len) != 1 ||
	    EVP_DigestFinal_ex(c->context, digest, NULL) != 1)
		return false;
	EVP_EncodeBlock(base64, digest, sizeof digest);
	memcpy(text, "1:", 2);
	memcpy(text + 2, base64, COMMUNITY_ID_LEN - 2);
	return true;
}
