/* SPDX-License-Identifier: BSD-3-Clause */
/* Plain ANSI: SGR for styles, "erase to the end of the line" for lines that overwrite others. */
#include "ctl_show.h"

#include <stdarg.h>

static const char *const codes[] = {
	[STYLE_PLAIN] = "",  [STYLE_TITLE] = "1", [STYLE_BAD] = "1;31",
	[STYLE_GOOD] = "32", [STYLE_DIM] = "2",	  [STYLE_HEAD] = "7",
};

void screen_put(struct screen *s, enum style style, const char *format, ...)
{
	const bool coloured = s->coloured && codes[style][0];
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0 || (s->rows && s->row >= s->rows))
		return;
	if ((size_t)n >= sizeof text)
		n = sizeof text - 1;
	if (s->columns && s->at + (unsigned int)n > s->columns)
		n = (int)(s->columns - s->at);
	if (coloured)
		fprintf(s->f, "\033[%sm", codes[style]);
	fprintf(s->f, "%.*s", n, text);
	if (coloured)
		fputs("\033[0m", s->f);
	s->at += (unsigned int)n;
}

void screen_end_line(struct screen *s)
{
	if (s->rows && s->row >= s->rows)
		return;
	if (s->clears)
		fputs("\033[K", s->f);
	s->at = 0;
	s->row++;
	/* Behind the last row the terminal would scroll. */
	if (!s->rows || s->row < s->rows)
		fputs(s->clears ? "\r\n" : "\n", s->f);
}

char *show_short(double value, char text[SHOW_BYTES])
{
	static const char *const units[] = {"", " k", " M", " G", " T", " P"};
	unsigned int unit = 0;

	/* What would be shown as 1000 is shown as 1 of the next. */
	for (; value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		value /= 1000;
	snprintf(text, SHOW_BYTES, "%.*f%s",
		 !unit || value >= 99.95 ? 0 :
		 value >= 9.995		 ? 1 :
					   2,
		 value, units[unit]);
	return text;
}

char *show_grouped(unsigned long long value, char text[SHOW_BYTES])
{
	char plain[24];
	int n = snprintf(plain, sizeof plain, "%llu", value), to = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text[to++] = ',';
		text[to++] = plain[i];
	}
	text[to] = '\0';
	return text;
}

char *show_duration(unsigned long long ns, char text[SHOW_BYTES])
{
	const unsigned long long s = ns / 1000000000;

	if (s < 60)
		snprintf(text, SHOW_BYTES, "%.1f s", (double)ns / 1e9);
	else if (s < 86400)
		snprintf(text, SHOW_BYTES, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(text, SHOW_BYTES, "%llu d %02llu:%02llu:%02llu", s / 86400, s / 3600 % 24,
			 s / 60 % 60, s % 60);
	return text;
}
