/* SPDX-License-Identifier: BSD-3-Clause */
/* CURVE keys of --collect, as ntop's collectors keep theirs: PATH.pub and PATH.priv, in Z85. */
#pragma once
#include <stddef.h>

/*
 * Makes the socket a CURVE server with the keys at path, before it binds or connects; makes the
 * keys when there are none, and says in the log what probes need as server_key. 0, or -errno with
 * one line in error.
 */
int collect_keys_use(void *socket, const char *path, char *error, size_t error_len);
