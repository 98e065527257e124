/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile bytes for pfring_ft_process() and its burst form: frames cut anywhere, wire lengths that
 * cannot be, any byte another one. What a packet callback points to is there.
 */
#include "hostile.h"

#define N_LENS 5

static const struct hostile_frame *frames;
static unsigned int n_frames;

static int make_frames(void **state)
{
	(void)state;
	frames = hostile_frames(&n_frames);
	return 0;
}

/* The packet is at the same time each time. */
static void offer(struct bench *b, const uint8_t *bytes, unsigned int caplen, unsigned int len)
{
	const pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 1000}, .caplen = caplen, .len = len};

	bench_offer(b, bytes, &h, NULL);
}

static const u_int32_t tables[] = {0, PFRING_FT_DECODE_TUNNELS,
				   PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_DECODE_TUNNELS};
#define N_TABLES (sizeof tables / sizeof *tables)

static const struct hostile_view *view_of(const struct bench *b, const struct hostile_frame *f)
{
	return b->tunnels ? &f->inner : &f->outer;
}

static void wire_lens(unsigned int lens[N_LENS], unsigned int whole, unsigned int caplen)
{
	lens[0] = whole;
	lens[1] = caplen;
	lens[2] = 0;
	lens[3] = caplen / 2;
	lens[4] = UINT32_MAX;
}

static void test_whole_frames_are_told_of_in_full(void **state)
{
	struct bench b;

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		bench_open(&b, tables[t]);
		for (unsigned int i = 0; i < n_frames; i++) {
			uint64_t told = b.told;

			b.want = view_of(&b, &frames[i]);
			offer(&b, frames[i].bytes, frames[i].len, frames[i].len);
			if (b.told != told + 1)
				fail_msg("%s is not metered", frames[i].name);
		}
		bench_close(&b);
	}
}

static void test_every_prefix_with_every_wire_length(void **state)
{
	unsigned int lens[N_LENS];
	struct bench b;

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		bench_open(&b, tables[t]);
		for (unsigned int i = 0; i < n_frames * (HOSTILE_BYTES + 1); i++) {
			const struct hostile_frame *f = &frames[i / (HOSTILE_BYTES + 1)];
			unsigned int caplen = i % (HOSTILE_BYTES + 1);

			wire_lens(lens, f->len, caplen);
			for (int k = 0; caplen <= f->len && k < N_LENS; k++)
				offer(&b, f->bytes, caplen, lens[k]);
			if (caplen == f->len)
				bench_check(&b);
		}
		bench_close(&b);
	}
}

/* All prefixes of a frame in bursts, their bytes given back only when they come out. */
static void offer_burst(struct bench *b, const struct hostile_frame *f, unsigned int from,
			unsigned int flags)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	unsigned int n_out, back = 0;

	for (b->n_live = 0; b->n_live < PFRING_FT_BURST_MAX; b->n_live++) {
		unsigned int caplen = from + b->n_live;

		if (caplen > f->len)
			break;
		b->live[b->n_live] = (pfring_ft_packet){
			.data = bench_exact(f->bytes, caplen),
			.caplen = caplen,
			.len = flags & PFRING_FT_PACKET_WIRE_LEN ? f->len : caplen,
			.time_ns = 1000000000000ULL,
			.flags = (u_int8_t)flags,
		};
		b->fed++;
	}
	n_out = pfring_ft_process_burst(b->table, b->live, b->n_live, out);
	assert_int_equal(n_out, 0);
	while ((n_out = pfring_ft_process_burst(b->table, NULL, 0, out)) > 0)
		for (unsigned int i = 0; i < n_out; i++, back++) {
			assert_ptr_equal(out[i].data, b->live[back].data);
			assert_int_equal(out[i].action, PFRING_FT_ACTION_DEFAULT);
			free((void *)out[i].data);
		}
	assert_int_equal(back, b->n_live);
	b->n_live = 0;
}

static void test_every_prefix_in_bursts(void **state)
{
	struct bench b;

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		bench_open(&b, tables[t]);
		for (unsigned int i = 0; i < n_frames; i++) {
			for (unsigned int from = 0; from <= frames[i].len;
			     from += PFRING_FT_BURST_MAX) {
				offer_burst(&b, &frames[i], from, PFRING_FT_PACKET_WIRE_LEN);
				offer_burst(&b, &frames[i], from, 0);
			}
			bench_check(&b);
		}
		bench_close(&b);
	}
}

static void test_every_byte_changed(void **state)
{
	static const uint8_t masks[] = {0x01, 0x0f, 0x80, 0xff};
	struct bench b;

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		bench_open(&b, tables[t]);
		for (unsigned int i = 0; i < n_frames; i++) {
			struct hostile_frame f = frames[i];

			for (unsigned int k = 0; k < 4 * f.len; k++) {
				f.bytes[k / 4] ^= masks[k % 4];
				offer(&b, f.bytes, f.len, f.len);
				offer(&b, f.bytes, f.len - f.len / 3, f.len);
				f.bytes[k / 4] ^= masks[k % 4];
			}
			bench_check(&b);
		}
		bench_close(&b);
	}
}

static void test_no_packet_at_all(void **state)
{
	pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = 1}, .caplen = 0, .len = 60};
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_int_equal(pfring_ft_process(b.table, NULL, &h, NULL), PFRING_FT_ACTION_DEFAULT);
	b.fed++;
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_frames_are_told_of_in_full),
		cmocka_unit_test(test_every_prefix_with_every_wire_length),
		cmocka_unit_test(test_every_prefix_in_bursts),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_no_packet_at_all),
	};

	return cmocka_run_group_tests(tests, make_frames, NULL);
}
