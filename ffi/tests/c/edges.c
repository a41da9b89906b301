/* Every length: inputs cut off at each byte, outputs too small by each. All of it lies in memory of exactly that length,
 * so that a sanitizer sees one byte read or written beyond. What is refused is wiped, and what comes after it works. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

static const char *doing = "start";
static size_t at;
#define MUST(holds) ((holds) ? (void)0 : (fprintf(stderr, "edges: %s, %zu bytes: %s\n", doing, at, #holds), exit(1)))

static const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
static zegel_identity device, pgo;
static zegel_kem_key key;
static zegel_card cards[2], one_more;
static zegel_sealer sealer;
static zegel_group group;
static zegel_receiver receiver;
static zegel_peer peer;
static zegel_session session;
static zegel_pairing shower, scanner;
static uint8_t device_card[ZEGEL_CARD_SIZE], pgo_card[ZEGEL_CARD_SIZE], pgo_id[32];
static size_t device_size, pgo_size;
static char code[ZEGEL_CODE_SIZE];
static const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};

static int all_zero(const void *memory, size_t size) {
    const uint8_t *bytes = memory;
    while (size > 0 && bytes[size - 1] == 0) size--;
    return size == 0;
}

/* Memory of exactly this size; NULL would be another test. */
static uint8_t *exactly(const void *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) exit(2);
    if (bytes) memcpy(copy, bytes, size);
    return copy;
}

static void card(const zegel_identity *identity, const zegel_kem_key *kem, uint8_t *bytes, size_t *size, zegel_card *into) {
    uint8_t public_key[32];
    const zegel_claims claims = {1, 0, 4000000000u, "edges", 5, public_key, kem != NULL, 0};
    if (kem) MUST(zegel_kem_key_public(kem, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &support_entropy, bytes, ZEGEL_CARD_SIZE, size) == 0);
    MUST(zegel_card_read(into, bytes, *size) == 0);
}

/* Calls that write, by the room that they get */

typedef int (*writes)(uint8_t *out, size_t room, size_t *written);

static int issues(uint8_t *out, size_t room, size_t *written) {
    const zegel_claims claims = {2, 0, 1, "edges", 5, NULL, 0, 0};
    return zegel_card_issue(&device, &claims, &support_entropy, out, room, written);
}

static int seals(uint8_t *out, size_t room, size_t *written) {
    return zegel_seal(&sealer, "t", 1, &beat, &support_entropy, out, room, written);
}

static int seals_for_all(uint8_t *out, size_t room, size_t *written) {
    return zegel_group_seal(&group, "t", 1, &beat, &support_entropy, out, room, written);
}

static int begins(uint8_t *out, size_t room, size_t *written) {
    return zegel_session_begin(&sealer, "t", 1, ZEGEL_NO_TIME, NULL, &support_entropy, out, room, written);
}

static int says(uint8_t *out, size_t room, size_t *written) {
    return zegel_session_seal(&sealer, "t", 1, &beat, ZEGEL_NO_TIME, out, room, written);
}

static int signs(uint8_t *out, size_t room, size_t *written) {
    return zegel_session_manifest(&sealer, "t", 1, &support_entropy, out, room, written);
}

static zegel_proof proof;
static uint8_t statement[512];
static size_t statement_size;

static int proves(uint8_t *out, size_t room, size_t *written) {
    return zegel_evidence_write(&receiver, &proof, "t", 1, statement, statement_size, device_card, device_size, out, room,
                                written);
}

static uint8_t handed_on[2048];
static size_t handed_on_size;

static int forwards(uint8_t *out, size_t room, size_t *written) {
    return zegel_forward(&sealer, "t", 1, ZEGEL_NO_TIME, handed_on, handed_on_size, &support_entropy, out, room, written);
}

static int scans(uint8_t *out, size_t room, size_t *written) {
    return zegel_pairing_scan(&scanner, &device, device_card, device_size, code, strlen(code), 1, out, room, written);
}

static uint8_t message[2][ZEGEL_PAIRING_SIZE];
static size_t message_size[2];
static zegel_pairing *taker;
static int taken;

static int takes(uint8_t *out, size_t room, size_t *written) {
    uint8_t *copy = exactly(message[0], message_size[0]), paired = 9;
    const int answered =
        zegel_pairing_take(taker, copy, message_size[0], 1, &support_entropy, out, room, written, &paired);
    MUST(answered == 0 ? paired == taken : (paired == 0 && all_zero(copy, message_size[0])));
    free(copy);
    return answered;
}

static int tells_card(uint8_t *out, size_t room, size_t *written) {
    return zegel_pairing_card(&scanner, out, room, written);
}

/* Gives each room too small, and then one that is just enough: `result` gets what was written. */
static size_t every_room(const char *name, writes call, size_t enough, uint8_t *result) {
    size_t written = 0;
    doing = name;
    for (at = 0; at <= enough; at++) {
        uint8_t *out = exactly(NULL, at);
        int answered;
        memset(out, 0xcc, at);
        written = 77;
        answered = call(out, at, &written);
        if (answered == 0) {
            MUST(written <= at);
            memcpy(result, out, written);
            free(out);
            return written;
        }
        MUST(answered == ZEGEL_BUFFER_TOO_SMALL && written == 0 && all_zero(out, at));
        free(out);
    }
    MUST(!"enough was not enough");
    return 0;
}

/* Calls that read, by their bytes: they refuse all that is too short, or too long by one */

static int reads_card(uint8_t *bytes, size_t size) {
    zegel_card read;
    const int answered = zegel_card_read(&read, bytes, size);
    MUST(answered == 0 || all_zero(&read, sizeof read));
    return answered;
}

static int opens(uint8_t *bytes, size_t size) {
    static zegel_opened opened;
    int answered;
    memset(&opened, 0xcc, sizeof opened);
    memset(&proof, 0xcc, sizeof proof);
    answered = zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, bytes, size, &opened, &proof);
    if (answered == 0) {
        statement_size = opened.statement_size;
        memcpy(statement, opened.statement, statement_size);
    } else {
        MUST(all_zero(&opened, sizeof opened) && all_zero(&proof, sizeof proof) && all_zero(bytes, size));
    }
    return answered;
}

static int reads_evidence(uint8_t *bytes, size_t size) {
    static zegel_evidence evidence;
    int answered;
    memset(&evidence, 0xcc, sizeof evidence);
    answered = zegel_evidence_read(bytes, size, &evidence);
    MUST(answered == 0 || all_zero(&evidence, sizeof evidence));
    MUST(zegel_evidence_is_for(bytes, size, pgo_id) == answered);
    return answered;
}

static int reads_code(uint8_t *bytes, size_t size) {
    static uint8_t out[ZEGEL_PAIRING_SIZE];
    static zegel_pairing pairing;
    size_t written = 77;
    const int answered = zegel_pairing_scan(&pairing, &device, device_card, device_size, (const char *)bytes, size, 1, out,
                                            sizeof out, &written);
    MUST(answered == 0 || (written == 0 && all_zero(out, sizeof out) && all_zero(&pairing, sizeof pairing)));
    return answered;
}

static int takes_all(uint8_t *bytes, size_t size) {
    static uint8_t out[ZEGEL_PAIRING_SIZE];
    uint8_t paired = 9;
    size_t written = 77;
    const int answered =
        zegel_pairing_take(&shower, bytes, size, 1, &support_entropy, out, sizeof out, &written, &paired);
    MUST(answered == 0 || (written == 0 && paired == 0 && all_zero(out, sizeof out) && all_zero(bytes, size)));
    if (answered == 0) {
        memcpy(message[0], out, written);
        message_size[0] = written;
    }
    return answered;
}

static void every_length(const char *name, int (*call)(uint8_t *, size_t), const void *bytes, size_t size) {
    uint8_t *copy;
    doing = name;
    for (at = 0; at <= size + 1; at++) {
        if (at == size) continue;
        copy = exactly(NULL, at);
        memset(copy, 0, at);
        memcpy(copy, bytes, at < size ? at : size);
        MUST(call(copy, at) > 0);
        free(copy);
    }
    at = size;
    copy = exactly(bytes, size);
    MUST(call(copy, size) == 0); /* what was refused has changed nothing */
    memset(copy, 0, size);
    free(copy);
}

static void pair(void) {
    static uint8_t paired_card[ZEGEL_CARD_SIZE];
    doing = "pairing_show";
    MUST(zegel_pairing_show(&shower, &pgo, pgo_card, pgo_size, 1, 600, &support_entropy, code) == 0);
    every_length("pairing_scan", reads_code, code, strlen(code));
    message_size[1] = every_room("pairing_scan's message", scans, ZEGEL_PAIRING_SIZE, message[1]);
    every_length("the shower's first message", takes_all, message[1], message_size[1]);
    taker = &scanner;
    message_size[1] = every_room("the scanner's answer", takes, ZEGEL_PAIRING_SIZE, message[1]);
    every_length("the shower's second message", takes_all, message[1], message_size[1]);
    taken = 1;
    (void)every_room("the scanner's end", takes, 0, message[1]);
    MUST(every_room("pairing_card", tells_card, ZEGEL_CARD_SIZE, paired_card) == pgo_size);
    MUST(!memcmp(paired_card, pgo_card, pgo_size));
}

int main(void) {
    static uint8_t out[2048];
    size_t size;
    support_random(9);
    MUST(zegel_identity_from_seed(&device, (const uint8_t *)"a seed of the test of lengths...") == 0);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of a receiver of lengths.") == 0);
    MUST(zegel_kem_key_from_secret(&key, (const uint8_t *)"a secret of the test of lengths.") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    card(&device, NULL, device_card, &device_size, &one_more);
    card(&pgo, &key, pgo_card, &pgo_size, &cards[0]);
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, &peer, 1, &session, 1) == 0);
    MUST(zegel_receiver_pin(&receiver, &one_more) == 0 && zegel_receiver_accept(&receiver, &anything) == 0);
    {
        zegel_identity gp;
        zegel_kem_key gp_key;
        MUST(zegel_identity_from_seed(&gp, (const uint8_t *)"a seed of one more of lengths...") == 0);
        MUST(zegel_kem_key_from_secret(&gp_key, (const uint8_t *)"a secret of one more of lengths.") == 0);
        card(&gp, &gp_key, out, &size, &cards[1]);
    }
    support_storage_blank();
    MUST(zegel_storage_create(&support_storage, &device, pgo_id) == 0);
    MUST(zegel_sealer_init(&sealer, &device, &cards[0], ZEGEL_NO_TIME, &support_storage, 0) == 0);
    MUST(zegel_group_init(&group, &device, cards, 2, ZEGEL_NO_TIME, &support_other_storage, 0) == 0);
    MUST(zegel_group_storage_create(&group) == 0);

    size = every_room("card_issue", issues, ZEGEL_CARD_SIZE, out);
    every_length("card_read", reads_card, out, size);
    size = every_room("group_seal", seals_for_all, ZEGEL_GROUP_SIZE(2, 2), out);
    every_length("open a group's envelope", opens, out, size);
    {
        /* Evidence points into the envelope that it is of, so this one stays. */
        static uint8_t kept[512];
        size = every_room("seal", seals, ZEGEL_SEALED_SIZE(2), out);
        every_length("open", opens, out, size);
        size = every_room("seal", seals, ZEGEL_SEALED_SIZE(2), kept);
        MUST(opens(kept, size) == 0);
        handed_on_size = every_room("evidence_write", proves, sizeof handed_on, handed_on);
        MUST(handed_on_size <= ZEGEL_EVIDENCE_SIZE(1, statement_size, device_size));
        every_length("evidence_read", reads_evidence, handed_on, handed_on_size);
        size = every_room("forward", forwards, ZEGEL_SEALED_SIZE(handed_on_size), out);
    }
    size = every_room("session_begin", begins, ZEGEL_KEYFRAME_SIZE, out);
    every_length("open a keyframe", opens, out, size);
    size = every_room("session_seal", says, ZEGEL_MESSAGE_SIZE(2), out);
    every_length("open a message", opens, out, size);
    size = every_room("session_manifest", signs, ZEGEL_MANIFEST_SIZE, out);
    every_length("open a manifest", opens, out, size);
    pair();
    printf("every length of what is read, every room for what is written\n");
    return 0;
}
