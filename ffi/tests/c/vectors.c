/* Runs the test vectors (tests/vectors) through the C library: vectors [--all] FILE...
 * With --all it fails when a kind has fewer than there were: the vectors only become more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

static char file[1 << 17];
uint8_t buffer[1 << 21], scratch[1 << 17], written_out[1 << 17];
char topic[2048];
size_t topic_size;
const char *vector_name;

void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", vector_name, what);
    exit(1);
}

void read_topic(const char *value) {
    topic_size = json_text(value, topic, sizeof topic);
}

int expected(const char *expect) {
    const char *code = json_member(expect, "code");
    return code ? (int)json_number(code) : 0;
}

void same(const char *expect, int answered) {
    if (answered != expected(expect)) {
        fprintf(stderr, "%s: answered %d, expected %d\n", vector_name, answered, expected(expect));
        exit(1);
    }
}

int all_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) return 0;
    }
    return 1;
}

static const struct {
    const char *kind;
    const char *(*run)(const char *input, const char *expect);
    const char *why; /* where C has no runner */
    int least;       /* how many of them ran when this was written */
} kinds[] = {
    {"open", run_open, NULL, 241},
    {"group", run_open, NULL, 117},
    {"session", run_steps, NULL, 192},
    {"custody", run_steps, NULL, 41},
    {"card", run_card, NULL, 140},
    {"succession", run_succession, NULL, 14},
    {"topic", run_topic, NULL, 19},
    {"name", run_name, NULL, 5},
    {"seal", run_seal, NULL, 4},
    {"group-seal", run_group_seal, NULL, 10},
    {"session-seal", run_session_seal, NULL, 17},
    {"padding", run_padding, NULL, 23},
    {"policy", run_policy, NULL, 22},
    {"replay", run_replay, NULL, 9},
    {"evidence", run_evidence, NULL, 102},
    {"introduction", run_introduction, NULL, 21},
    {"code", run_code, NULL, 33},
    {"pairing", run_pairing, NULL, 109},
    {"transcript", run_transcript, NULL, 6},
    {"ephemeral", NULL, "no call gives out a hedge or an ephemeral secret; seal and group-seal hold what comes of them", 0},
    {"signature", NULL, "no call signs what the program chooses; seal and session-seal hold what is signed", 0},
    {"merkle", NULL, "no call takes leaves; session and session-seal hold the roots of blocks", 0},
    {"inclusion", NULL, "no call takes a path; evidence holds them", 0},
};

static size_t kind_of(const char *vector) {
    size_t at = 0;
    while (at < sizeof kinds / sizeof *kinds && !json_equals(json_member(vector, "kind"), kinds[at].kind)) at++;
    if (at == sizeof kinds / sizeof *kinds) fail("is of a kind that has neither a runner nor a reason");
    return at;
}

int main(int argc, char **argv) {
    static int ran[sizeof kinds / sizeof *kinds], left[sizeof kinds / sizeof *kinds];
    const int all = argc > 1 && !strcmp(argv[1], "--all");
    int sum = 0;
    for (int i = 1 + all; i < argc; i++) {
        FILE *from = fopen(argv[i], "rb");
        size_t size, at;
        const char *why;
        vector_name = argv[i];
        if (!from) fail("cannot be read");
        size = fread(file, 1, sizeof file - 1, from);
        fclose(from);
        if (size == sizeof file - 1) fail("is too long");
        file[size] = 0;
        at = kind_of(file);
        why = kinds[at].run ? kinds[at].run(json_member(file, "input"), json_member(file, "expect")) : kinds[at].why;
        if (why && kinds[at].run) printf("%s: not for C: %s\n", argv[i], why);
        ran[at] += !why;
        left[at] += why != NULL;
    }
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
        sum += ran[at];
        vector_name = kinds[at].kind;
        if (all && ran[at] < kinds[at].least) fail("has fewer vectors than it had");
        if (!ran[at] && !left[at]) continue;
        printf("%-12s %4d ran, %3d not for C%s%s\n", kinds[at].kind, ran[at], left[at], kinds[at].why ? ": " : "",
               kinds[at].why ? kinds[at].why : "");
    }
    printf("%d vectors ran\n", sum);
    return 0;
}
