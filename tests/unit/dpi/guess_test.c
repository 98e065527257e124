/* SPDX-License-Identifier: BSD-3-Clause */
/* Guesses about flows without payload: prepared by hand, they are those of a packet. */
#include "load.h"

#include "dpi/dpi_private.h"

struct guess {
	uint16_t app, master, category;
	uint8_t confidence;
	uint64_t risk;
};

static struct dpi *plain(void)
{
	struct dpi *d = make((struct dpi_options){.flows_max = 16});

	dpi_open(d);
	return d;
}

static uint64_t scrambled(uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15ULL;
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9ULL;
	return i ^ i >> 31;
}

/* What nDPI says to the first packet of such a flow, and then to no other. */
static struct guess by_packet(struct dpi *d, const struct dpi_flow_facts *facts)
{
	struct ndpi_flow_struct *f = calloc(1, ndpi_detection_get_sizeof_ndpi_flow_struct());

	assert_non_null(f);
	struct ndpi_verdict v = dpi_process_facts(d, f, facts);

	if (!v.app)
		v = ndpi_compat_giveup(d->module.ndpi, f, true);
	const struct guess g = {v.app, v.master, v.category, (uint8_t)f->confidence, f->risk};

	ndpi_free_flow_data(f);
	free(f);
	return g;
}

static bool same(struct dpi *d, const struct dpi_flow_facts *facts)
{
	struct guess want = by_packet(d, facts);
	struct dpi_annex a = {0};

	assert_true(dpi_finish(d, &a, facts));
	bool equal = a.app_id == want.app && a.master_id == want.master &&
		     a.category_id == want.category && a.confidence == want.confidence &&
		     a.risk == want.risk;
	if (!equal)
		print_message("protocol %u, %u.%u.%u.%u:%u > %u.%u.%u.%u:%u: %u.%u, not %u.%u\n",
			      facts->protocol, facts->src_addr[0], facts->src_addr[1],
			      facts->src_addr[2], facts->src_addr[3], facts->src_port,
			      facts->dst_addr[0], facts->dst_addr[1], facts->dst_addr[2],
			      facts->dst_addr[3], facts->dst_port, a.master_id, a.app_id,
			      want.master, want.app);
	dpi_annex_release(d, &a);
	return equal;
}

/* Two addresses that nDPI knows nothing of, and all ports of one side. */
static void all_ports(void **state)
{
	static const uint16_t others[] = {0, 53, 80, 5201, 40000, 65535};
	static const uint8_t src[16] = {192, 0, 2, 1}, dst[16] = {198, 51, 100, 7};
	struct dpi *d = plain();
	unsigned int wrong = 0;

	(void)state;
	for (uint32_t i = 0; i < 4 * 65536; i++) {
		const uint16_t port = (uint16_t)i, other = others[scrambled(i) % 6];
		struct dpi_flow_facts facts = {
			.src_addr = src,
			.dst_addr = dst,
			.src_port = i >> 16 & 1 ? port : other,
			.dst_port = i >> 16 & 1 ? other : port,
			.ip_version = i >> 17 & 1 ? 6 : 4,
			.protocol = TALK_TCP,
		};

		wrong += !same(d, &facts);
		if (i % 16)
			continue;
		facts.protocol = TALK_UDP;
		wrong += !same(d, &facts);
	}
	assert_int_equal(wrong, 0);
	dpi_destroy(d);
}

/* Addresses from everywhere, some of them known by their networks; the same servers come back. */
static void any_address(void **state)
{
	static const uint16_t ports[] = {22, 80, 443, 5001, 19305, 40000};
	static const uint8_t known[][4] = {
		{8, 8, 8, 8},	   {142, 250, 1, 1}, {157, 240, 1, 1}, {17, 0, 0, 1},
		{178, 77, 120, 5}, {95, 211, 37, 196},
	};
	struct dpi *d = plain();
	unsigned int wrong = 0, by_address = 0;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		const uint64_t random = scrambled(i);
		uint8_t src[4], dst[4];

		memcpy(src, i % 16 ? (const uint8_t *)&random : known[random % 6], 4);
		memcpy(dst, (random >> 8) % 16 ? src : known[random % 6], 4);
		if (random >> 16 & 1)
			memcpy(dst, (uint8_t[]){198, 51, 100, (uint8_t)(random >> 17)}, 4);
		const struct dpi_flow_facts facts = {
			.src_addr = src,
			.dst_addr = dst,
			.src_port = (uint16_t)(random >> 32),
			.dst_port = ports[(random >> 48) % 6],
			.ip_version = 4,
			.protocol = TALK_TCP,
		};

		wrong += !same(d, &facts);
		by_address += by_packet(d, &facts).confidence == NDPI_CONFIDENCE_MATCH_BY_IP;
	}
	assert_int_equal(wrong, 0);
	assert_in_range(by_address, 1000, 200000);
	dpi_destroy(d);
}

/* What a file says of a port or an address holds from then on. */
static void a_file_has_its_say(void **state)
{
	static const uint8_t src[4] = {192, 0, 2, 1}, dst[4] = {198, 51, 100, 7};
	struct dpi_flow_facts facts = {.src_addr = src,
				       .dst_addr = dst,
				       .src_port = 40000,
				       .dst_port = 40001,
				       .ip_version = 4,
				       .protocol = TALK_TCP};
	struct dpi *d = plain();
	struct dpi_annex a = {0};
	char path[LOAD_PATH_BYTES] = "";

	(void)state;
	assert_true(same(d, &facts)); /* is remembered */
	file_write(path, "tcp:40001@House\nip:192.0.2.1@Home\n");
	load(d, path);
	assert_true(same(d, &facts));
	facts.src_addr = dst;
	dpi_finish(d, &a, &facts);
	assert_string_equal(a.l7_proto, "House");
	dpi_annex_release(d, &a);
	facts.src_addr = src;
	facts.dst_port = 40002;
	dpi_finish(d, &a, &facts);
	assert_string_equal(a.l7_proto, "Home");
	dpi_annex_release(d, &a);
	dpi_destroy(d);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ports),
		cmocka_unit_test(any_address),
		cmocka_unit_test(a_file_has_its_say),
	};

	return cmocka_run_group_tests_name("dpi guess", tests, NULL, NULL);
}
