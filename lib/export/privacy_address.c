/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses cut to a prefix, or replaced so that common prefixes stay common: Crypto-PAn (J. Fan,
 * J. Xu, M. Ammar, S. Moon: Prefix-preserving IP address anonymization, Computer Networks 46,
 * 2004), with AES-128.
 */
#include "export/privacy_address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

enum { AES_BYTES = 16, ADDRESS_BITS_MAX = 128 };
/* The manufacturer's part of a MAC address. */
enum { OUI_BYTES = 3 };

struct privacy_address {
	enum privacy_addresses how;
	uint8_t ipv4_bits, ipv6_bits;
	EVP_CIPHER_CTX *aes;
	uint8_t pad[AES_BYTES];
};

/* ---- settings ---- */

static int refuse(char *error, size_t error_len, const char *text)
{
	snprintf(error, error_len,
		 "[privacy] addresses: \"%s\" is none of keep, truncate:BITS,BITS (of IPv4 and "
		 "IPv6, such as 24,48) and cryptopan:KEYFILE",
		 text);
	return -EINVAL;
}

int privacy_parse_addresses(struct privacy_options *o, const char *text, char *error,
			    size_t error_len)
{
	static const char truncate[] = "truncate:", cryptopan[] = "cryptopan:";
	struct privacy_options read = *o;
	unsigned int ipv4, ipv6;
	int end = 0;

	read.key_path[0] = '\0';
	if (strcmp(text, "keep") == 0) {
		read.addresses = PRIVACY_ADDRESSES_KEEP;
	} else if (strncmp(text, truncate, sizeof truncate - 1) == 0) {
		if (sscanf(text + sizeof truncate - 1, "%3u,%3u%n", &ipv4, &ipv6, &end) != 2 ||
		    text[sizeof truncate - 1 + (size_t)end] || ipv4 > 32 || ipv6 > 128)
			return refuse(error, error_len, text);
		read.addresses = PRIVACY_TRUNCATE;
		read.ipv4_bits = (uint8_t)ipv4;
		read.ipv6_bits = (uint8_t)ipv6;
	} else if (strncmp(text, cryptopan, sizeof cryptopan - 1) == 0) {
		const char *path = text + sizeof cryptopan - 1;

		if (!*path || strlen(path) >= sizeof read.key_path)
			return refuse(error, error_len, text);
		read.addresses = PRIVACY_CRYPTOPAN;
		memcpy(read.key_path, path, strlen(path) + 1);
	} else {
		return refuse(error, error_len, text);
	}
	*o = read;
	return 0;
}

/* ---- the key ---- */

static bool read_hex(uint8_t key[PRIVACY_KEY_BYTES], const char *text)
{
	for (unsigned int i = 0; i < PRIVACY_KEY_BYTES; i++) {
		unsigned int byte;

		if (strspn(text + 2 * i, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		key[i] = (uint8_t)byte;
	}
	return strspn(text + 2 * PRIVACY_KEY_BYTES, "\r\n") == strlen(text + 2 * PRIVACY_KEY_BYTES);
}

/* The bytes of a file that nobody else may read; or -errno. */
static ssize_t read_secret(const char *path, char *bytes, size_t len)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -EPERM;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		n = -errno;
	} else if (!(st.st_mode & 077)) {
		n = read(fd, bytes, len);
		n = n < 0 ? -errno : n;
	}
	close(fd);
	return n;
}

int privacy_key_read(uint8_t key[PRIVACY_KEY_BYTES], const struct privacy_options *o, char *error,
		     size_t error_len)
{
	char text[2 * PRIVACY_KEY_BYTES + 8] = "";
	ssize_t n;

	if (o->addresses != PRIVACY_CRYPTOPAN) {
		if (RAND_bytes(key, PRIVACY_KEY_BYTES) == 1)
			return 0;
		snprintf(error, error_len, "[privacy] OpenSSL gives no random numbers");
		return -EIO;
	}
	n = read_secret(o->key_path, text, sizeof text - 1);
	if (n == -EPERM) {
		snprintf(error, error_len, "[privacy] %s is a key that others may read: chmod 600",
			 o->key_path);
	} else if (n < 0) {
		snprintf(error, error_len, "[privacy] %s: %s", o->key_path, strerror((int)-n));
	} else if (n == PRIVACY_KEY_BYTES) {
		memcpy(key, text, PRIVACY_KEY_BYTES);
		return 0;
	} else if (read_hex(key, text)) {
		return 0;
	} else {
		n = -EINVAL;
		snprintf(error, error_len,
			 "[privacy] %s: a key has 32 bytes, or 64 hexadecimal digits (openssl rand "
			 "-hex 32)",
			 o->key_path);
	}
	return (int)n;
}

/* ---- addresses ---- */

static void truncate_bits(uint8_t *addr, unsigned int bytes, unsigned int bits)
{
	for (unsigned int i = 0; i < bytes; i++) {
		const unsigned int keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			addr[i] &= (uint8_t)(0xff00U >> keep);
	}
}

static unsigned int bit_of(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

/*
 * Bit i is turned by the first bit of what AES makes of the bits before it, followed by those of
 * the padding: all at once, a block each.
 */
static bool replace(struct privacy_address *a, uint8_t *addr, unsigned int bytes)
{
	uint8_t in[ADDRESS_BITS_MAX][AES_BYTES], out[ADDRESS_BITS_MAX][AES_BYTES];
	const int len = (int)(8 * bytes * AES_BYTES);
	int done;

	for (unsigned int i = 0; i < 8 * bytes; i++) {
		memcpy(in[i], a->pad, AES_BYTES);
		memcpy(in[i], addr, i / 8);
		if (i % 8) {
			const uint8_t mask = (uint8_t)(0xff00U >> i % 8);

			in[i][i / 8] = (uint8_t)((addr[i / 8] & mask) | (a->pad[i / 8] & ~mask));
		}
	}
	if (!EVP_EncryptUpdate(a->aes, out[0], &done, in[0], len) || done != len)
		return false;
	for (unsigned int i = 0; i < 8 * bytes; i++)
		addr[i / 8] ^= (uint8_t)(bit_of(out[i], 0) << (7 - i % 8));
	return true;
}

/* What cannot be replaced is not told either. */
void privacy_address_hide(struct privacy_address *a, uint8_t *addr, uint8_t ip_version)
{
	const bool v6 = ip_version == 6;
	const unsigned int bytes = v6 ? 16 : 4;

	if (a->how == PRIVACY_TRUNCATE)
		truncate_bits(addr, bytes, v6 ? a->ipv6_bits : a->ipv4_bits);
	else if (!replace(a, addr, bytes))
		memset(addr, 0, bytes);
}

void privacy_address_apply(struct privacy_address *a, struct flow_record *r)
{
	privacy_address_hide(a, r->src_addr, r->ip_version);
	privacy_address_hide(a, r->dst_addr, r->ip_version);
	if (r->outer_ip_version) {
		privacy_address_hide(a, r->outer_src_addr, r->outer_ip_version);
		privacy_address_hide(a, r->outer_dst_addr, r->outer_ip_version);
	}
	memset(r->src_mac + OUI_BYTES, 0, sizeof r->src_mac - OUI_BYTES);
	memset(r->dst_mac + OUI_BYTES, 0, sizeof r->dst_mac - OUI_BYTES);
}

int privacy_address_create(struct privacy_address **out, const struct privacy_options *o,
			   const uint8_t key[PRIVACY_KEY_BYTES])
{
	struct privacy_address *a = calloc(1, sizeof *a);
	int done;

	if (!a)
		return -ENOMEM;
	a->how = o->addresses;
	a->ipv4_bits = o->ipv4_bits;
	a->ipv6_bits = o->ipv6_bits;
	a->aes = EVP_CIPHER_CTX_new();
	if (!a->aes || !EVP_EncryptInit_ex(a->aes, EVP_aes_128_ecb(), NULL, key, NULL) ||
	    !EVP_CIPHER_CTX_set_padding(a->aes, 0) ||
	    !EVP_EncryptUpdate(a->aes, a->pad, &done, key + AES_BYTES, AES_BYTES)) {
		privacy_address_destroy(a);
		return -ENOMEM;
	}
	*out = a;
	return 0;
}

void privacy_address_destroy(struct privacy_address *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->aes);
	free(a);
}
