/* What a receiver's state keeps, against who would have it keep something else: whoever may publish, a sender that is
 * pinned, and a program whose store says no. No message is left to wait for what does not come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

static int durable;
static size_t places;
#define MUST(holds) \
    ((holds) ? (void)0 : (fprintf(stderr, "state: line %d, kept %d, places %zu: %s\n", __LINE__, durable, places, #holds), exit(1)))

enum { DEVICES = 3 };
static uint8_t slots[DEVICES][2][ZEGEL_SLOT_SIZE];
static zegel_identity devices[DEVICES], pgo;
static zegel_kem_key key;
static zegel_card cards[DEVICES], pgo_card;
static zegel_sealer sealers[DEVICES];
static zegel_receiver receiver;
static zegel_peer peers[DEVICES];
static zegel_session sessions[2];
static zegel_opened opened;
static zegel_proof proof;
static uint8_t pgo_id[32], text[ZEGEL_CARD_SIZE];
static size_t text_size;

typedef struct envelope {
    uint8_t bytes[2048];
    size_t size;
} envelope;

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    memcpy(out, ((uint8_t(*)[ZEGEL_SLOT_SIZE])user)[slot], size);
    return 0;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    memcpy(((uint8_t(*)[ZEGEL_SLOT_SIZE])user)[slot], bytes, size);
    return 0;
}

static void card(const zegel_identity *identity, const zegel_kem_key *kem, zegel_card *into) {
    uint8_t public_key[32];
    const zegel_claims claims = {1, 0, 4000000000u, "state", 5, public_key, kem != NULL, 0};
    if (kem) MUST(zegel_kem_key_public(kem, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &support_entropy, text, sizeof text, &text_size) == 0);
    MUST(zegel_card_read(into, text, text_size) == 0);
}

static envelope keyframe(int device) {
    envelope out;
    const int ended = zegel_session_end(&sealers[device]);
    MUST(ended == 0 || ended == ZEGEL_BAD_CONTEXT); /* the latter where none was begun */
    MUST(zegel_session_begin(&sealers[device], "t", 1, ZEGEL_NO_TIME, NULL, &support_entropy, out.bytes, sizeof out.bytes,
                             &out.size) == 0);
    return out;
}

static envelope message(int device) {
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    envelope out;
    MUST(zegel_session_seal(&sealers[device], "t", 1, &beat, ZEGEL_NO_TIME, out.bytes, sizeof out.bytes, &out.size) == 0);
    return out;
}

static envelope manifest(int device) {
    envelope out;
    MUST(zegel_session_manifest(&sealers[device], "t", 1, &support_entropy, out.bytes, sizeof out.bytes, &out.size) == 0);
    return out;
}

static int opens(envelope copy) {
    return zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, copy.bytes, copy.size, &opened, NULL);
}

static envelope forged(envelope copy) {
    copy.bytes[copy.size - 1] ^= 1;
    return copy;
}

static void begin(void) {
    memset(slots, 0xff, sizeof slots);
    support_forget();
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, peers, DEVICES, sessions, places) == 0);
    if (durable) MUST(zegel_receiver_keep(&receiver, &support_state) == 0);
    for (int i = 0; i < DEVICES; i++) {
        const zegel_storage storage = {slot_read, slot_write, slots[i]};
        zegel_sealer_wipe(&sealers[i]);
        MUST(zegel_receiver_pin(&receiver, &cards[i]) == 0);
        MUST(zegel_storage_create(&storage, &devices[i], pgo_id) == 0);
        MUST(zegel_sealer_init(&sealers[i], &devices[i], &pgo_card, ZEGEL_NO_TIME, &storage, 0) == 0);
    }
}

/* What names a session that was given up, be it late, again or forged, opens where the program has kept the session,
 * and takes no place from a newer one: its block is signed in the end. */
static void earlier_sessions_pass(void) {
    const int known = durable || places > 1;
    envelope late, again, other, last;
    begin();
    MUST(opens(keyframe(0)) == 0);
    again = message(0);
    late = message(0);
    other = message(0);
    MUST(opens(again) == 0);
    last = manifest(0);
    MUST(opens(keyframe(0)) == 0 && opens(message(0)) == 0);
    MUST(opens(forged(other)) == (known ? ZEGEL_REJECTED : ZEGEL_UNKNOWN_SESSION));
    MUST(opens(again) == (known ? ZEGEL_DUPLICATE : ZEGEL_UNKNOWN_SESSION));
    MUST(opens(late) == (known ? 0 : ZEGEL_UNKNOWN_SESSION));
    MUST(opens(last) == (known ? 0 : ZEGEL_UNKNOWN_SESSION) && !opened.block);
    MUST(opens(message(0)) == 0 && opens(manifest(0)) == 0);
    MUST(opened.block && opened.block_last == opened.block_first + 1);
}

/* A sender that begins session after session keeps nobody else out, and takes nobody's only place. */
static void nobody_takes_all_places(void) {
    envelope first;
    begin();
    for (int i = 0; i < 5; i++) MUST(opens(keyframe(0)) == 0 && opened.kept);
    MUST(opens(message(0)) == 0);
    first = keyframe(1);
    if (!durable && places == 1) {
        MUST(opens(first) == ZEGEL_FULL); /* more senders than places, and nothing else that keeps a session */
        return;
    }
    MUST(opens(first) == 0 && opened.kept && opens(message(1)) == 0);
    for (int i = 0; i < 5; i++) MUST(opens(keyframe(1)) == 0 && opened.kept && opens(message(1)) == 0);
    MUST(opens(message(0)) == 0 && opens(manifest(0)) == 0 && opened.block);
    MUST(opens(keyframe(2)) == (durable ? 0 : ZEGEL_FULL));
    if (durable) MUST(opened.kept && opens(message(2)) == 0 && opens(manifest(2)) == 0 && !opened.block);
}

/* After a restart, what was kept is found again, but for nobody who is not pinned any more. */
static void only_who_is_pinned_has_a_place(void) {
    envelope of_somebody;
    if (!durable) return;
    begin();
    MUST(opens(keyframe(0)) == 0 && opens(keyframe(1)) == 0);
    of_somebody = message(0);
    MUST(zegel_receiver_init(&receiver, pgo_id, &key, 1, peers, DEVICES, sessions, 1) == 0);
    MUST(zegel_receiver_keep(&receiver, &support_state) == 0 && zegel_receiver_pin(&receiver, &cards[1]) == 0);
    MUST(opens(of_somebody) == ZEGEL_UNKNOWN_SENDER);
    MUST(opens(message(1)) == 0 && opens(manifest(1)) == 0 && opened.block);
}

/* A device that changed its group still has a window for what is for this receiver alone. */
static void groups_take_no_window(void) {
    const zegel_storage storage = {slot_read, slot_write, slots[1]};
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    static zegel_group group;
    static zegel_card members[2];
    static zegel_kem_key other;
    envelope sealed;
    begin();
    MUST(zegel_kem_key_from_secret(&other, (const uint8_t *)"the secret of another receiver..") == 0);
    for (int i = 1; i <= 2; i++) {
        card(&pgo, &key, &members[0]);
        card(&devices[i], &other, &members[1]);
        memset(slots[1], 0xff, sizeof slots[1]);
        MUST(zegel_group_init(&group, &devices[0], members, 2, ZEGEL_NO_TIME, &storage, 0) == 0);
        MUST(zegel_group_storage_create(&group) == 0);
        MUST(zegel_group_seal(&group, "t", 1, &beat, &support_entropy, sealed.bytes, sizeof sealed.bytes, &sealed.size) == 0);
        MUST(opens(sealed) == (durable || i == 1 ? 0 : ZEGEL_FULL));
        zegel_group_wipe(&group);
    }
    MUST(zegel_seal(&sealers[0], "t", 1, &beat, &support_entropy, sealed.bytes, sizeof sealed.bytes, &sealed.size) == 0);
    MUST(opens(sealed) == 0 && opens(sealed) == ZEGEL_DUPLICATE);
}

static int verdict;

static int says(void *user, const uint8_t *forwarder, const uint8_t *origin) {
    (void)user, (void)forwarder, (void)origin;
    return verdict;
}

/* Evidence of somebody whom the program has revoked is refused for good; a store that is down is waited for. */
static void vouching(void) {
    static const int verdicts[][2] = {{ZEGEL_UNKNOWN_SENDER, ZEGEL_UNKNOWN_SENDER}, {ZEGEL_REVOKED, ZEGEL_REVOKED},
                                      {ZEGEL_DUPLICATE, ZEGEL_STORAGE}, {1, ZEGEL_STORAGE}, {-1, ZEGEL_STORAGE}, {0, 0}};
    const zegel_state state = {NULL, NULL, NULL, NULL, says, NULL};
    const zegel_measurement beat = {ZEGEL_NO_TIME, (const uint8_t *)"61", 2, 42};
    const zegel_storage storage = {slot_read, slot_write, slots[1]};
    static zegel_card gp_card, forwarder;
    envelope sealed, evidence, sent;
    uint8_t gp_id[32];
    begin();
    card(&devices[0], NULL, &cards[0]);
    MUST(zegel_seal(&sealers[0], "t", 1, &beat, &support_entropy, sealed.bytes, sizeof sealed.bytes, &sealed.size) == 0);
    MUST(zegel_open(&receiver, "t", 1, ZEGEL_NO_TIME, sealed.bytes, sealed.size, &opened, &proof) == 0);
    MUST(zegel_evidence_write(&receiver, &proof, "t", 1, opened.statement, opened.statement_size, text, text_size,
                              evidence.bytes, sizeof evidence.bytes, &evidence.size) == 0);
    zegel_proof_wipe(&proof);

    /* The second device is a GP here, who has pinned the PGO alone. */
    memset(slots, 0xff, sizeof slots);
    zegel_sealer_wipe(&sealers[1]);
    card(&devices[1], &key, &gp_card);
    card(&pgo, NULL, &forwarder);
    MUST(zegel_identity_id(&devices[1], gp_id) == 0 && zegel_storage_create(&storage, &pgo, gp_id) == 0);
    MUST(zegel_sealer_init(&sealers[1], &pgo, &gp_card, ZEGEL_NO_TIME, &storage, 0) == 0);
    MUST(zegel_forward(&sealers[1], "t", 1, ZEGEL_NO_TIME, evidence.bytes, evidence.size, &support_entropy, sent.bytes,
                       sizeof sent.bytes, &sent.size) == 0);
    MUST(zegel_receiver_init(&receiver, gp_id, &key, 1, peers, DEVICES, sessions, places) == 0);
    MUST(zegel_receiver_keep(&receiver, &state) == 0 && zegel_receiver_pin(&receiver, &forwarder) == 0);
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        verdict = verdicts[i][0];
        MUST(opens(sent) == verdicts[i][1]);
    }
}

int main(void) {
    support_random(11);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of the receiver of state.") == 0);
    MUST(zegel_kem_key_from_secret(&key, (const uint8_t *)"a secret of the receiver's state") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    card(&pgo, &key, &pgo_card);
    for (int i = 0; i < DEVICES; i++) {
        uint8_t seed[32] = "a seed of a device with a number";
        seed[31] = (uint8_t)i;
        MUST(zegel_identity_from_seed(&devices[i], seed) == 0);
        card(&devices[i], NULL, &cards[i]);
    }
    for (durable = 0; durable < 2; durable++) {
        for (places = 1; places <= 2; places++) {
            earlier_sessions_pass();
            nobody_takes_all_places();
            only_who_is_pinned_has_a_place();
            groups_take_no_window();
            vouching();
        }
    }
    printf("a receiver's state, with a store of the program's and without, for one session and for two\n");
    return 0;
}
