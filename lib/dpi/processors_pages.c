/* SPDX-License-Identifier: BSD-3-Clause */
/* What people read of the processors: --list-processors and docs/processors.md. */
#include <errno.h>
#include <stdio.h>

#include "dpi/processor.h"
#include "record/elements.h"

struct page_row {
	const char *name, *looks, *fields, *sentence;
	unsigned int source;
	uint32_t bytes; /* a flow */
	bool always;
};

static void each_row(FILE *to, void (*print)(FILE *, const struct page_row *))
{
#define ALWAYS(name_, fields_, sentence_)                                                          \
	print(to, &(struct page_row){.name = #name_,                                               \
				     .looks = "in every record",                                   \
				     .fields = (fields_),                                          \
				     .sentence = (sentence_),                                      \
				     .always = true});
#define PROCESSOR(name_, looks_, sentence_)                                                        \
	print(to, &(struct page_row){.name = #name_,                                               \
				     .looks = (looks_),                                            \
				     .sentence = (sentence_),                                      \
				     .source = SOURCE_##name_,                                     \
				     .bytes = proc_##name_()->state_bytes});
#include "dpi/processors.def"
}

/* The keys of a processor's fields, each within marks. */
static void print_fields(FILE *to, const struct page_row *row, const char *mark)
{
	const char *joint = "";

	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);

		if (!e->in_json || e->source_id != row->source)
			continue;
		fprintf(to, "%s%s%s%s", joint, mark, e->key, mark);
		joint = ", ";
	}
}

static void print_text(FILE *to, const struct page_row *row)
{
	fprintf(to, "%s: %s\n  packets: %s\n", row->name, row->sentence, row->looks);
	if (row->always) {
		fprintf(to, "  fields: %s\n", row->fields);
		return;
	}
	fprintf(to, "  memory: %u bytes a flow\n  fields: ", row->bytes);
	print_fields(to, row, "");
	fputc('\n', to);
}

static void print_markdown(FILE *to, const struct page_row *row)
{
	fprintf(to, "| `%s` | %s | %s | ", row->name, row->sentence, row->looks);
	if (row->always) {
		fprintf(to, "0 | %s |\n", row->fields);
		return;
	}
	fprintf(to, "%u | ", row->bytes);
	print_fields(to, row, "`");
	fputs(" |\n", to);
}

static int stream_result(FILE *to)
{
	if (fflush(to) || ferror(to))
		return errno ? -errno : -EIO;
	return 0;
}

int processors_print(FILE *to)
{
	each_row(to, print_text);
	return stream_result(to);
}

int processors_print_markdown(FILE *to)
{
	fputs("# Processors\n"
	      "\n"
	      "Made from `lib/dpi/processors.def`; do not edit. `ftprobe --list-processors`\n"
	      "says the same.\n"
	      "\n"
	      "A processor looks at the packets of a flow and adds fields to its records. None\n"
	      "runs unless it is named: `--processors basicplus,pstats`, or `processors =\n"
	      "basicplus, pstats` in `[dpi]`; `all` and `none` are words, too. JSON and CSV\n"
	      "have the keys of those that run. IPFIX has their fields in profile `full`, and\n"
	      "in the others by choice (`fields = +pstats`, or a key); their numbers are in\n"
	      "[elements.md](elements.md). A list is a basicList (RFC 6313) of the element\n"
	      "named there. Templates with many of them pass the 60 fields that tshark reads\n"
	      "at its defaults.\n"
	      "\n"
	      "Memory is taken in every flow at the start, and is part of what `ftprobe\n"
	      "--check` prints; 16 bytes come on top of the first processor. A processor sees\n"
	      "the packets of a flow until it is done with it; until then they take the long\n"
	      "way.\n"
	      "\n"
	      "Every record of a flow tells of its own packets: after a slice or a cut by the\n"
	      "active timeout all begin anew. With `biflow = no`, what is of both directions\n"
	      "together goes with the first of two records.\n"
	      "\n"
	      "| Name | What | Packets it sees | Bytes a flow | Keys |\n"
	      "|---|---|---|---|---|\n",
	      to);
	each_row(to, print_markdown);
	return stream_result(to);
}
