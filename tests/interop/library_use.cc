// SPDX-License-Identifier: BSD-3-Clause
// A C++ program on the library: one packet each way, one flow. See library_install.sh.
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <pfring_ft.h>
#include <pfring_ft_ext.h>
#include <vector>

// Names that the library has inside: they are the program's own, and the library never calls them.
extern "C" {
void flow_release(void *flow);
void flow_release(void *) { std::abort(); }
void ft_emit_ended(void *table);
void ft_emit_ended(void *) { std::abort(); }
int parser_init(void);
int parser_init() { std::abort(); }
}

namespace {

const char *const payload = "hello, flow";

void put16(std::vector<u_char> &bytes, unsigned int value)
{
	bytes.push_back(static_cast<u_char>(value >> 8));
	bytes.push_back(static_cast<u_char>(value));
}

// 192.0.2.1:4000 -> 192.0.2.2:9, or the answer.
std::vector<u_char> udp_packet(bool answer)
{
	std::vector<u_char> p(12, 2);
	const unsigned int length = static_cast<unsigned int>(std::strlen(payload));

	put16(p, 0x0800);
	put16(p, 0x4500);
	put16(p, 20 + 8 + length);
	put16(p, 0);
	put16(p, 0);
	put16(p, 64 << 8 | 17);
	put16(p, 0);
	for (const unsigned int host : {answer ? 2U : 1U, answer ? 1U : 2U}) {
		put16(p, 0xc000);
		put16(p, 0x0200 | host);
	}
	put16(p, answer ? 9 : 4000);
	put16(p, answer ? 4000 : 9);
	put16(p, 8 + length);
	put16(p, 0);
	p.insert(p.end(), payload, payload + length);
	return p;
}

struct Seen {
	int flows, correct;
};

void on_flow(pfring_ft_flow *flow, void *user)
{
	Seen *seen = static_cast<Seen *>(user);
	const pfring_ft_flow_key *key = pfring_ft_flow_get_key(flow);
	const pfring_ft_flow_value *value = pfring_ft_flow_get_value(flow);
	const u_int64_t bytes = 14 + 20 + 8 + std::strlen(payload);

	seen->flows++;
	seen->correct += key->saddr.v4 == 0xc0000201 && key->daddr.v4 == 0xc0000202 &&
			 key->sport == 4000 && key->dport == 9 && key->protocol == 17 &&
			 value->direction[s2d_direction].bytes == bytes &&
			 value->direction[d2s_direction].pkts == 1 &&
			 value->status == PFRING_FT_FLOW_STATUS_FORCED_END && *value->user == 0;
	pfring_ft_flow_free(flow);
}

} // namespace

int main()
{
	Seen seen = {};
	pfring_ft_table *table = pfring_ft_create_table(0, 1000, 0, 0, 16);

	if (!table || pfring_ft_api_version() != FT_API_VERSION)
		return 1;
	pfring_ft_set_flow_export_callback(table, on_flow, &seen);
	for (const bool answer : {false, true}) {
		const std::vector<u_char> packet = udp_packet(answer);
		pfring_ft_pcap_pkthdr header = {};

		header.ts.tv_sec = 1000000000 + answer;
		header.caplen = header.len = static_cast<u_int32_t>(packet.size());
		pfring_ft_process(table, packet.data(), &header, nullptr);
	}
	while (pfring_ft_process_burst(table, nullptr, 0, nullptr) > 0)
		;
	pfring_ft_flush(table);
	pfring_ft_destroy_table(table);
	std::cout << seen.flows << " flows, " << seen.correct << " of them correct\n";
	return seen.flows == 1 && seen.correct == 1 ? 0 : 1;
}
