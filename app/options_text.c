/* SPDX-License-Identifier: BSD-3-Clause */
/* How sentences of options.def become help, comments and man pages. */
#include "options_text.h"

#include <ctype.h>
#include <string.h>

void text_wrap(FILE *f, const char *words, size_t at, const char *prefix)
{
	bool first = true;

	while (*words) {
		size_t len = strcspn(words, " ");

		if (!first && at + 1 + len > TEXT_COLUMNS) {
			fprintf(f, "\n%s", prefix);
			at = strlen(prefix);
			first = true;
		}
		fprintf(f, "%s%.*s", first ? "" : " ", (int)len, words);
		at += len + !first;
		first = false;
		words += len;
		words += strspn(words, " ");
	}
	fputc('\n', f);
}

char *text_sentence(const char *sentence, char *to, size_t len)
{
	snprintf(to, len, "%s.", sentence);
	to[0] = (char)toupper((unsigned char)to[0]);
	return to;
}

const char *text_dashed(const char *name, char *to, size_t len)
{
	snprintf(to, len, "%s", name);
	for (char *p = to; *p; p++)
		if (*p == '_')
			*p = '-';
	return to;
}

void text_roff(FILE *f, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", f);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", f);
		else if (*text == '-')
			fputs("\\-", f);
		else
			fputc(*text, f);
	}
}
