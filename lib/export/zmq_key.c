/* SPDX-License-Identifier: BSD-3-Clause */
/* A CURVE key as people have it: Z85, or that text in hexadecimal, as ntop's pages show it. */
#include "export/transport.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define KEY_CHARS 40

bool zmq_key_read(char z85[KEY_CHARS + 1], const char *text)
{
	uint8_t bytes[32];
	size_t len = strlen(text);

	for (size_t i = 0; len == 2 * KEY_CHARS && i < KEY_CHARS; i++) {
		unsigned int byte;

		if (!isxdigit((unsigned char)text[2 * i]) ||
		    !isxdigit((unsigned char)text[2 * i + 1]) ||
		    sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		z85[i] = (char)byte;
	}
	if (len == KEY_CHARS)
		memcpy(z85, text, KEY_CHARS);
	else if (len != 2 * KEY_CHARS)
		return false;
	z85[KEY_CHARS] = '\0';
	return strlen(z85) == KEY_CHARS && zmq_z85_decode(bytes, z85) != NULL;
}
