/* SPDX-License-Identifier: BSD-3-Clause */
/* Getters made from the rows of elements.def, one a row. */
#include "record/fields.h"

#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "core/words.h"

/* clang-format off */
/* Of a kind: its form, and how a member becomes a number, a text, an address. */
#define PLAIN_NUMBER(v) (v)
#define NO_NUMBER(v) ((void)(v), 0)
#define NO_TEXT_OF(v) ((void)(v), NULL)
#define NO_ADDRESS(v) ((void)(v), NULL)

#define FORM_schema FIELD_OTHER, NO_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_hex FIELD_HEX, PLAIN_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_community FIELD_OTHER, NO_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_time FIELD_TIME, PLAIN_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_u8 FIELD_NUMBER, PLAIN_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_u16 FORM_u8
#define FORM_u32 FORM_u8
#define FORM_u64 FORM_u8
#define FORM_rcode FORM_u8
#define FORM_mss FORM_u8
#define LOW_BYTE(v) ((v) & 0xff)
#define FORM_tcp_flags FIELD_NUMBER, LOW_BYTE, NO_TEXT_OF, NO_ADDRESS
#define THE_ADDRESS(v) (v)
#define FORM_ip FIELD_ADDRESS, NO_NUMBER, NO_TEXT_OF, THE_ADDRESS
#define FORM_outer_ip FIELD_OTHER, NO_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_mac FIELD_MAC, NO_NUMBER, NO_TEXT_OF, THE_ADDRESS
#define FORM_end_reason FIELD_END_REASON, PLAIN_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_tunnel FIELD_TUNNEL, PLAIN_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define LABEL(v) ((v) >> 4)
#define FORM_mpls FIELD_NUMBER, LABEL, NO_TEXT_OF, NO_ADDRESS
#define FROM_ONE(v) ((uint64_t)(v) + 1)
#define FORM_interface FIELD_NUMBER, FROM_ONE, NO_TEXT_OF, NO_ADDRESS
#define IS_GUESSED(v) (((v) & L7_GUESSED) != 0)
#define FORM_guessed FIELD_NUMBER, IS_GUESSED, NO_TEXT_OF, NO_ADDRESS
#define FORM_risk FIELD_OTHER, NO_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_f32 FIELD_OTHER, NO_NUMBER, NO_TEXT_OF, NO_ADDRESS
#define FORM_list_u8 FIELD_OTHER, NO_LIST, NO_LIST_TEXT, NO_LIST_ADDRESS
#define NO_LIST(v) 0
#define NO_LIST_TEXT(v) NULL
#define NO_LIST_ADDRESS(v) NULL
#define FORM_list_u16 FORM_list_u8
#define FORM_list_u32 FORM_list_u8
#define FORM_list_time FORM_list_u8
#define FORM_list_direction FORM_list_u8
#define FORM_list_text FORM_list_u8
#define FORM_list_octets FORM_list_u8
#define FORM_octets FORM_list_u8
#define FORM_each_text FORM_list_u8
#define FORM_each_u8 FORM_list_u8
#define FORM_each_u16 FORM_list_u8
#define FORM_each_u32 FORM_list_u8
#define THE_TEXT(v) (v)
#define FORM_string FIELD_TEXT, NO_NUMBER, THE_TEXT, NO_ADDRESS
#define FORM_ja3 FORM_string

#define GETTERS_OF(symbol, source, rule, member, form, to_number, to_text, to_address)        \
	static uint64_t number_##symbol(const struct flow_record *r)                          \
	{                                                                                     \
		(void)r;                                                                      \
		return (uint64_t)(to_number(r->member));                                      \
	}                                                                                     \
	static const char *text_##symbol(const struct flow_record *r)                         \
	{                                                                                     \
		(void)r;                                                                      \
		return to_text(r->member);                                                    \
	}                                                                                     \
	static const uint8_t *address_##symbol(const struct flow_record *r)                   \
	{                                                                                     \
		(void)r;                                                                      \
		return to_address(r->member);                                                 \
	}                                                                                     \
	static bool known_##symbol(const struct flow_record *r)                               \
	{                                                                                     \
		(void)r;                                                                      \
		return flow_record_has_##source(r) && WHEN_##rule(r, r->member);              \
	}
#define GETTERS(...) GETTERS_OF(__VA_ARGS__)
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source,   \
	      ...)                                                                            \
	GETTERS(symbol, source, rule, member, FORM_##kind)
#include "record/elements.def"

static uint64_t total_bytes(const struct flow_record *r)
{
	return r->octets[DIR_FWD] + r->octets[DIR_REV];
}

static uint64_t total_packets(const struct flow_record *r)
{
	return r->packets[DIR_FWD] + r->packets[DIR_REV];
}

static uint64_t duration(const struct flow_record *r)
{
	return r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 0;
}

static bool always(const struct flow_record *r)
{
	(void)r;
	return true;
}

static const struct field to_dst_ip = {
	.key = "dst_ip", .form = FIELD_ADDRESS, .address = address_DST_IP, .is_known = always};
static const struct field to_dst_port = {
	.key = "dst_port", .form = FIELD_NUMBER, .number = number_DST_PORT, .is_known = always};

#define FORM_FIRST(form, ...) form
#define FORM_OF(...) FORM_FIRST(__VA_ARGS__)

static const struct field fields[] = {
	{.key = "ip", .form = FIELD_ADDRESS, .address = address_SRC_IP, .is_known = always,
	 .other = &to_dst_ip},
	{.key = "port", .form = FIELD_NUMBER, .number = number_SRC_PORT, .is_known = always,
	 .other = &to_dst_port},
	{.key = "total_bytes", .form = FIELD_NUMBER, .number = total_bytes, .is_known = always},
	{.key = "total_packets", .form = FIELD_NUMBER, .number = total_packets, .is_known = always},
	{.key = "duration", .form = FIELD_DURATION, .number = duration, .is_known = always},
#define FIELD(symbol, pen, id, tlv, key_, kind, rule, member, column, in, group_, sent,       \
	      source_, ...)                                                                   \
	{.key = #key_,                                                                        \
	 .form = ELEMENT_##symbol == ELEMENT_PROTO    ? FIELD_PROTOCOL :                       \
		 ELEMENT_##symbol == ELEMENT_L7_PROTO ? FIELD_APPLICATION :                    \
							FORM_OF(FORM_##kind),                  \
	 .number = number_##symbol,                                                           \
	 .text = text_##symbol,                                                               \
	 .address = address_##symbol,                                                         \
	 .is_known = known_##symbol,                                                          \
	 .source = SOURCE_##source_,                                                          \
	 .group = GROUP_##group_},
#include "record/elements.def"
};
/* clang-format on */

#define FIELDS_N (sizeof fields / sizeof fields[0])

const struct field *field_at(unsigned int i)
{
	return i < FIELDS_N ? &fields[i] : NULL;
}

const struct field *field_find(const char *key, size_t len)
{
	for (unsigned int i = 0; i < FIELDS_N; i++)
		if (strlen(fields[i].key) == len && strncmp(fields[i].key, key, len) == 0)
			return &fields[i];
	return NULL;
}

const char *field_nearest(const char *key, size_t len)
{
	struct nearest_word nearest = {.any_case = true};
	char wanted[NAME_BYTES_MAX];

	if (len >= sizeof wanted)
		return NULL;
	memcpy(wanted, key, len);
	wanted[len] = '\0';
	for (unsigned int i = 0; i < FIELDS_N; i++)
		nearest_word_offer(&nearest, wanted, fields[i].key);
	return nearest.word;
}

bool field_sorts(const struct field *f)
{
	return !f->other && (f->form == FIELD_NUMBER || f->form == FIELD_TIME ||
			     f->form == FIELD_DURATION || f->form == FIELD_PROTOCOL);
}

/* IANA's names of the protocols that are seen on networks. */
static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{1, "icmp"},	{2, "igmp"}, {4, "ipip"},   {6, "tcp"},	   {17, "udp"},	  {41, "ipv6"},
	{47, "gre"},	{50, "esp"}, {51, "ah"},    {58, "icmpv6"}, {88, "eigrp"}, {89, "ospf"},
	{103, "pim"},	{112, "vrrp"}, {115, "l2tp"}, {132, "sctp"},	   {136, "udplite"},
};

int protocol_number(const char *name, size_t len)
{
	for (unsigned int i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
		if (strlen(protocols[i].name) == len &&
		    strncasecmp(protocols[i].name, name, len) == 0)
			return protocols[i].number;
	return -1;
}

const char *protocol_name(uint8_t number)
{
	for (unsigned int i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}
