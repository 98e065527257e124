/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of strangers, read: the first byte chooses the header's length, then header and payload.
 * What could be read is made of records.
 */
#include "fuzz.h"

#include <json.h>
#include <string.h>

#include "export/zmq_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t lengths[] = {24, 28, 36, 40};
	struct zmq_read m;
	const char *why;
	size_t header;

	if (size < 1)
		return 0;
	header = lengths[data[0] & 3];
	if (size - 1 < header)
		return 0;
	why = zmq_message_read(&m, data + 1, header, data + 1 + header, size - 1 - header);
	FUZZ_HOLDS((why == NULL) == (m.body != NULL));
	FUZZ_HOLDS(strlen(m.topic) <= 16);
	if (m.body && strcmp(m.topic, "flow") == 0)
		FUZZ_HOLDS(json_object_is_type(m.body, json_type_array));
	if (m.body)
		FUZZ_HOLDS(json_object_to_json_string(m.body) != NULL);
	json_object_put(m.body);
	return 0;
}
