/* The kinds of vectors about pairing. */
#include <string.h>

#include "vectors.h"

static uint8_t own_card[ZEGEL_CARD_SIZE];

const char *run_pairing(const char *input, const char *expect) {
    zegel_pairing pairing;
    zegel_identity identity;
    uint8_t seed[32], shower[32], secret[32];
    char code[ZEGEL_CODE_SIZE];
    size_t size;
    const uint64_t now = json_number(json_member(input, "now")), expires = json_number(json_member(input, "expires"));
    const size_t card_size = json_hex(json_member(input, "card"), own_card, sizeof own_card);
    const char *steps = json_member(input, "steps"), *verdicts = json_member(expect, "ok"), *step;
    MUST(json_hex(json_member(input, "seed"), seed, 32) == 32);
    MUST(json_hex(json_member(input, "shower"), shower, 32) == 32);
    MUST(json_hex(json_member(input, "secret"), secret, 32) == 32);
    MUST(zegel_identity_from_seed(&identity, seed) == 0);
    support_noise_clear();
    if (json_equals(json_member(input, "role"), "scanner")) {
        support_code(shower, secret, expires, code);
        MUST(zegel_pairing_scan(&pairing, &identity, own_card, card_size, code, strlen(code), ZEGEL_NO_TIME, written_out,
                                sizeof written_out, &size) == 0);
    } else {
        const uint64_t shown = expires ? expires - 600 : ZEGEL_NO_TIME;
        char wanted[ZEGEL_CODE_SIZE];
        support_noise(json_member(input, "secret"));
        MUST(zegel_pairing_show(&pairing, &identity, own_card, card_size, shown, 600, &support_entropy, code) == 0);
        support_code(shower, secret, expires, wanted);
        MUST(!strcmp(code, wanted));
    }
    if (!json_is_array(verdicts)) fail("steps have verdicts");
    for (size_t i = 0; (step = json_item(steps, i)); i++) {
        const char *verdict = json_item(verdicts, i), *ok = json_member(verdict, "ok");
        uint8_t paired = 9;
        int answered;
        size = 0;
        support_noise_clear();
        support_noise(json_member(input, "noise"));
        const size_t message_size = json_hex(step, buffer, sizeof buffer);
        answered = zegel_pairing_take(&pairing, buffer, message_size, now, &support_entropy, written_out,
                                      sizeof written_out, &size, &paired);
        same(verdict, answered);
        if (answered == 0) {
            const char *answer = json_member(ok, "answer"), *pinned = json_member(ok, "paired");
            MUST(json_is_null(answer) ? size == 0 : json_hex_equals(answer, written_out, size));
            MUST(paired == !json_is_null(pinned));
            if (paired) {
                zegel_card card;
                zegel_card_facts facts;
                MUST(zegel_pairing_card(&pairing, scratch, sizeof scratch, &size) == 0);
                MUST(zegel_card_read(&card, scratch, size) == 0 && zegel_card_tell(&card, &facts) == 0);
                MUST(json_hex_equals(pinned, facts.id, 32));
            }
        }
    }
    zegel_pairing_wipe(&pairing);
    return NULL;
}

const char *run_transcript(const char *input, const char *expect) {
    static uint8_t shower_card[ZEGEL_CARD_SIZE];
    const char *ok = json_member(expect, "ok"), *messages = json_member(ok, "messages");
    zegel_pairing shower, scanner;
    zegel_identity shows, scans;
    uint8_t seed[32], paired;
    char code[ZEGEL_CODE_SIZE], listens[ZEGEL_PAIRING_TOPIC_SIZE], speaks[ZEGEL_PAIRING_TOPIC_SIZE];
    size_t size;
    uint64_t expires = json_number(json_member(input, "expires"));
    const int ends = expires != ZEGEL_NO_TIME && expires != 0;
    const uint64_t now = ends ? expires - 600 : ZEGEL_NO_TIME;
    const size_t shower_size = json_hex(json_member(input, "shower_card"), shower_card, sizeof shower_card);
    const size_t scanner_size = json_hex(json_member(input, "scanner_card"), own_card, sizeof own_card);
    MUST(json_hex(json_member(input, "shower_seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(&shows, seed) == 0);
    MUST(json_hex(json_member(input, "scanner_seed"), seed, 32) == 32);
    MUST(zegel_identity_from_seed(&scans, seed) == 0);
    support_noise_clear();
    support_noise(json_member(input, "secret"));
    MUST(zegel_pairing_show(&shower, &shows, shower_card, shower_size, now, 600, &support_entropy, code) == 0);
    MUST(json_equals(json_member(ok, "code"), code));
    MUST(zegel_pairing_scan(&scanner, &scans, own_card, scanner_size, code, strlen(code), now, buffer, sizeof buffer,
                            &size) == 0);
    MUST(zegel_pairing_topics(&scanner, listens, speaks) == 0);
    MUST(json_equals(json_item(json_member(ok, "topics"), 0), speaks));
    MUST(json_equals(json_item(json_member(ok, "topics"), 1), listens));
    MUST(json_hex_equals(json_item(messages, 0), buffer, size));
    MUST(zegel_pairing_take(&shower, buffer, size, now, &support_entropy, scratch, sizeof scratch, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 1), scratch, size) && !paired);
    support_noise_clear();
    support_noise(json_member(input, "noise_3"));
    MUST(zegel_pairing_take(&scanner, scratch, size, now, &support_entropy, buffer, sizeof buffer, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 2), buffer, size) && !paired);
    support_noise_clear();
    support_noise(json_member(input, "noise_4"));
    MUST(zegel_pairing_take(&shower, buffer, size, now, &support_entropy, scratch, sizeof scratch, &size, &paired) == 0);
    MUST(json_hex_equals(json_item(messages, 3), scratch, size) && paired);
    MUST(zegel_pairing_take(&scanner, scratch, size, now, &support_entropy, buffer, sizeof buffer, &size, &paired) == 0);
    MUST(size == 0 && paired);
    return NULL;
}

const char *run_code(const char *input, const char *expect) {
    const zegel_claims claims = {1, 0, (1ull << 53) - 1, "test", 4, NULL, 0, 0};
    const char *ok = json_member(expect, "ok");
    zegel_identity identity;
    zegel_pairing pairing;
    char code[256];
    size_t own_size, size = 9;
    const size_t length = json_text(json_member(input, "text"), code, sizeof code);
    support_random(7);
    MUST(zegel_identity_from_seed(&identity, (const uint8_t *)"the seed of a scanner in C tests") == 0);
    MUST(zegel_card_issue(&identity, &claims, &support_entropy, own_card, sizeof own_card, &own_size) == 0);
    same(expect, zegel_pairing_scan(&pairing, &identity, own_card, own_size, code, length, json_number(json_member(input, "now")),
                                    written_out, sizeof written_out, &size));
    if (ok) {
        uint8_t shower[32], secret[32];
        char wanted[ZEGEL_CODE_SIZE];
        MUST(json_hex(json_member(ok, "shower"), shower, 32) == 32 && json_hex(json_member(ok, "secret"), secret, 32) == 32);
        support_code(shower, secret, json_is_null(json_member(ok, "expires")) ? 0 : json_number(json_member(ok, "expires")),
                     wanted);
        MUST(strlen(wanted) == length && !memcmp(wanted, code, length));
    } else {
        MUST(size == 0 && all_zero(written_out, sizeof written_out) && all_zero((uint8_t *)&pairing, sizeof pairing));
    }
    zegel_pairing_wipe(&pairing);
    return NULL;
}
