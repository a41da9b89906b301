/* Calls in any order: random [SEED...]. What each may answer is known from a small model; no number comes twice, nothing
 * opens twice, what was changed never opens, and what is refused leaves nothing behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "zegel.h"

static unsigned long seed;
static int turn;
static const char *doing = "start";
#define MUST(holds) \
    ((holds) ? (void)0 : (fprintf(stderr, "random: seed %lu, turn %d, %s: %s\n", seed, turn, doing, #holds), exit(1)))

static uint64_t state;

static unsigned below(unsigned n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

/* What may fail */

static int entropy_fails, storage_fails;

static int fill(void *user, uint8_t *out, size_t size) {
    (void)user;
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)below(256);
    return entropy_fails;
}

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    return storage_fails || support_storage.read(user, slot, out, size);
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    return storage_fails || support_storage.write(user, slot, bytes, size);
}

static const zegel_entropy entropy = {fill, NULL};
static int other;
static const zegel_storage storages[2] = {{slot_read, slot_write, NULL}, {slot_read, slot_write, &other}};

/* Who takes part */

enum { BLOCK = 4, MOST = 14, KEPT = 24 };
static zegel_identity device, pgo, gp;
static zegel_kem_key keys[2], gp_key;
static zegel_card device_card, pgo_cards[2], recipients[2];
static uint8_t pgo_id[32];
static zegel_sealer sealer;
static zegel_group group;
/* One opens everything at once; the other what is chosen, whenever. */
static zegel_receiver oracle, receiver;
static zegel_peer oracle_peer, peer;
static zegel_session oracle_sessions[2], sessions[2];
static enum { NONE, SINGLE, SESSION, OVER } stage;
static int grouped, key_in_use;
static uint64_t in_block, used, highest[2];
static int any[2];

static struct sent {
    uint8_t bytes[2048], body[512];
    size_t size, body_size;
    uint64_t number;
    uint8_t kind;
    int stream, taken;
} sent[KEPT];
static unsigned sent_count;

static void card(const zegel_identity *identity, const zegel_kem_key *key, uint64_t serial, zegel_card *into) {
    uint8_t bytes[ZEGEL_CARD_SIZE], public_key[32];
    size_t size;
    zegel_claims claims = {serial, 0, 4000000000u, "random", 6, public_key, key != NULL, 0};
    if (key) MUST(zegel_kem_key_public(key, public_key) == 0);
    MUST(zegel_card_issue(identity, &claims, &entropy, bytes, sizeof bytes, &size) == 0);
    MUST(zegel_card_read(into, bytes, size) == 0);
}

static void receive(zegel_receiver *who, zegel_peer *from, zegel_session *two) {
    const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
    MUST(zegel_receiver_init(who, pgo_id, keys, 2, from, 1, two, 2) == 0);
    MUST(zegel_receiver_pin(who, &device_card) == 0 && zegel_receiver_accept(who, &anything) == 0);
}

static void begin(void) {
    memset(&sealer, 0, sizeof sealer);
    memset(&group, 0, sizeof group);
    stage = NONE;
    grouped = entropy_fails = storage_fails = 0;
    any[0] = any[1] = 0;
    sent_count = 0;
    MUST(zegel_identity_from_seed(&device, (const uint8_t *)"a seed of a device of any order.") == 0);
    MUST(zegel_identity_from_seed(&pgo, (const uint8_t *)"a seed of a PGO of any order....") == 0);
    MUST(zegel_identity_from_seed(&gp, (const uint8_t *)"a seed of a GP of any order.....") == 0);
    MUST(zegel_kem_key_from_secret(&keys[0], (const uint8_t *)"the older secret of any order...") == 0);
    MUST(zegel_kem_key_from_secret(&keys[1], (const uint8_t *)"the newer secret of any order...") == 0);
    MUST(zegel_kem_key_from_secret(&gp_key, (const uint8_t *)"the GP's own secret of any order") == 0);
    MUST(zegel_identity_id(&pgo, pgo_id) == 0);
    card(&device, NULL, 1, &device_card);
    card(&pgo, &keys[0], 1, &pgo_cards[0]);
    card(&pgo, &keys[1], 2, &pgo_cards[1]);
    card(&pgo, &keys[0], 1, &recipients[0]);
    card(&gp, &gp_key, 1, &recipients[1]);
    receive(&oracle, &oracle_peer, oracle_sessions);
    receive(&receiver, &peer, sessions);
    support_storage_blank();
    MUST(zegel_storage_create(&storages[0], &device, pgo_id) == 0);
}

static int all(const uint8_t *bytes, size_t size, uint8_t value) {
    while (size > 0 && bytes[size - 1] == value) size--;
    return size == 0;
}

/* What a call that seals has answered and written, against what it may: 0 is expected where `may` is 0. */
static uint8_t out[2048];
static size_t written;

static void sealed(int answered, int may, size_t room, int stream, uint8_t kind, const uint8_t *body, size_t body_size) {
    static uint8_t copy[2048];
    static zegel_opened opened;
    struct sent *new = &sent[sent_count % KEPT];
    if (answered < 0) {
        MUST(answered == may && written == 77 && all(out, sizeof out, 0xcc));
        return;
    }
    MUST(all(out + room, sizeof out - room, 0xcc));
    if (answered > 0) {
        MUST(answered == may || (answered == ZEGEL_STORAGE && storage_fails) || (answered == ZEGEL_ENTROPY && entropy_fails) ||
             (answered == ZEGEL_BUFFER_TOO_SMALL && room < sizeof out));
        MUST(written == 0 && all(out, room, 0));
        return;
    }
    MUST(may == 0 && written <= room);
    memcpy(copy, out, written);
    MUST(zegel_open(&oracle, "any/order", 9, ZEGEL_NO_TIME, copy, written, &opened, NULL) == 0);
    MUST(opened.kind == kind && (!any[stream] || opened.sequence > highest[stream]));
    MUST(!body || (opened.body_size == body_size && !memcmp(opened.body, body, body_size)));
    highest[stream] = opened.sequence;
    any[stream] = 1;
    memcpy(new->bytes, out, written);
    memcpy(new->body, body ? body : out, body_size);
    new->size = written;
    new->body_size = body_size;
    new->number = opened.sequence;
    new->kind = kind;
    new->stream = stream;
    new->taken = 0;
    sent_count++;
}

static void seal(void) {
    static uint8_t body[512];
    const size_t room = below(3) ? sizeof out : below(sizeof out);
    const unsigned what = below(10);
    zegel_measurement beat = {ZEGEL_NO_TIME, body, below(4) ? below(60) : below(sizeof body), 42};
    for (size_t i = 0; i < beat.body_size; i++) body[i] = (uint8_t)below(256);
    memset(out, 0xcc, sizeof out);
    written = 77;
    entropy_fails = below(12) == 0;
    storage_fails = below(12) == 0;
    if (what < 3) {
        doing = "seal";
        sealed(zegel_seal(&sealer, "any/order", 9, &beat, &entropy, out, room, &written), stage == SINGLE ? 0 : ZEGEL_BAD_CONTEXT,
               room, 0, ZEGEL_MEASUREMENT, body, beat.body_size);
    } else if (what < 4) {
        doing = "group_seal";
        sealed(zegel_group_seal(&group, "any/order", 9, &beat, &entropy, out, room, &written), grouped ? 0 : ZEGEL_BAD_CONTEXT,
               room, 1, ZEGEL_MEASUREMENT, body, beat.body_size);
    } else if (what < 8) {
        const int may = stage == OVER || (stage == SESSION && in_block < BLOCK && used + 2 > MOST) ? ZEGEL_SESSION_OVER
                        : stage != SESSION                                                        ? ZEGEL_BAD_CONTEXT
                        : in_block == BLOCK                                                       ? ZEGEL_MANIFEST_DUE
                                                                                                  : 0;
        int answered;
        doing = "session_seal";
        answered = zegel_session_seal(&sealer, "any/order", 9, &beat, ZEGEL_NO_TIME, out, room, &written);
        sealed(answered, may, room, 0, ZEGEL_MEASUREMENT, body, beat.body_size);
        in_block += answered == 0;
        used += answered == 0;
    } else {
        const int may = stage == OVER      ? ZEGEL_SESSION_OVER
                        : stage != SESSION ? ZEGEL_BAD_CONTEXT
                        : in_block == 0    ? ZEGEL_NOTHING_ALLOWED
                        : used + 1 > MOST  ? ZEGEL_SESSION_OVER
                                           : 0;
        int answered;
        doing = "session_manifest";
        answered = zegel_session_manifest(&sealer, "any/order", 9, &entropy, out, room, &written);
        sealed(answered, may, room, 0, ZEGEL_MANIFEST, NULL, 0);
        if (answered == 0) in_block = 0;
        used += answered == 0;
    }
    entropy_fails = storage_fails = 0;
}

static void change(void) {
    const zegel_limits limits = {BLOCK, MOST, 86400};
    int answered;
    switch (below(9)) {
    case 0:
    case 1:
        doing = "sealer_init";
        if (below(2)) MUST(zegel_sealer_wipe(&sealer) == 0);
        MUST(zegel_sealer_init(&sealer, &device, &pgo_cards[0], ZEGEL_NO_TIME, &storages[0], below(4)) == 0);
        stage = SINGLE;
        key_in_use = 0;
        break;
    case 2:
    case 3:
        doing = "session_begin";
        memset(out, 0xcc, sizeof out);
        written = 77;
        answered = zegel_session_begin(&sealer, "any/order", 9, ZEGEL_NO_TIME, &limits, &entropy, out, sizeof out, &written);
        sealed(answered, stage == SINGLE ? 0 : ZEGEL_BAD_CONTEXT, sizeof out, 0, ZEGEL_KEYFRAME, NULL, 0);
        if (answered == 0) stage = SESSION, in_block = used = 0;
        break;
    case 4:
        doing = "session_end";
        MUST(zegel_session_end(&sealer) == (stage == SESSION || stage == OVER ? 0 : ZEGEL_BAD_CONTEXT));
        if (stage != NONE) stage = SINGLE;
        break;
    case 5: {
        const int which = (int)below(3); /* the older card, the newer one, somebody else's */
        const int may = stage == NONE             ? ZEGEL_BAD_CONTEXT
                        : which == 2              ? ZEGEL_UNKNOWN_SENDER
                        : which < key_in_use      ? ZEGEL_ROLLBACK
                                                  : 0;
        doing = "sealer_renew";
        MUST(zegel_sealer_renew(&sealer, which == 2 ? &recipients[1] : &pgo_cards[which], ZEGEL_NO_TIME) == may);
        if (may == 0 && which > key_in_use) {
            key_in_use = which;
            if (stage == SESSION) stage = OVER;
        }
        break;
    }
    case 6:
        doing = "a reset";
        memset(&sealer, below(2) ? 0 : 0xff, sizeof sealer);
        stage = NONE;
        break;
    case 7:
        doing = "group";
        if (grouped && below(2)) {
            MUST(zegel_group_wipe(&group) == 0 && zegel_group_storage_create(&group) == ZEGEL_BAD_CONTEXT);
            grouped = 0;
        } else {
            MUST(zegel_group_init(&group, &device, recipients, 2, ZEGEL_NO_TIME, &storages[1], below(4)) == 0);
            MUST(zegel_group_storage_create(&group) == 0);
            grouped = 1;
        }
        break;
    default:
        doing = "receiver_init";
        if (below(4)) break;
        MUST(zegel_receiver_wipe(&receiver) == 0);
        receive(&receiver, &peer, sessions);
        for (unsigned i = 0; i < KEPT; i++) sent[i].taken = 0;
    }
}

/* Opens something that was sent, as it is or changed. */
static void open_one(void) {
    static uint8_t copy[2048];
    static zegel_opened opened;
    struct sent *it = &sent[below(sent_count < KEPT ? sent_count : KEPT)];
    const char *topic = below(8) ? "any/order" : "other/one";
    const int changed = below(3) == 0, moved = topic[0] == 'o';
    size_t size = it->size;
    int answered;
    doing = "open";
    memcpy(copy, it->bytes, size);
    if (changed && below(4)) {
        copy[below((unsigned)size)] ^= (uint8_t)(1 << below(8));
    } else if (changed) {
        size = below((unsigned)size);
    }
    answered = zegel_open(&receiver, topic, 9, ZEGEL_NO_TIME, copy, size, &opened, NULL);
    MUST(answered >= 0 && answered <= 30);
    if (answered == 0) {
        /* The part of a group's envelope that is for somebody else is theirs to check. */
        MUST((!changed || it->stream == 1) && !moved && !it->taken);
        MUST(opened.sequence == it->number && opened.kind == it->kind);
        MUST(it->kind != ZEGEL_MEASUREMENT || (opened.body_size == it->body_size && !memcmp(opened.body, it->body, it->body_size)));
        it->taken = 1;
        return;
    }
    MUST(all((uint8_t *)&opened, sizeof opened, 0));
    if (answered == ZEGEL_UNKNOWN_SESSION) {
        MUST(changed || !memcmp(copy, it->bytes, size));
    } else {
        MUST(all(copy, size, 0));
        if (changed || moved) return;
        MUST(answered == ZEGEL_DUPLICATE || (answered == ZEGEL_TOO_OLD && it->number + 1024 <= highest[it->stream]));
        MUST(it->taken || answered == ZEGEL_TOO_OLD);
    }
}

int main(int argc, char **argv) {
    const unsigned long seeds = argc > 1 ? (unsigned long)argc - 1 : 64;
    for (unsigned long i = 1; i <= seeds; i++) {
        seed = argc > 1 ? strtoul(argv[i], NULL, 10) : i;
        state = seed * 0x9e3779b97f4a7c15u + 1;
        for (turn = 0; turn < 8; turn++) (void)below(2);
        begin();
        for (turn = 0; turn < 400; turn++) {
            const unsigned what = below(10);
            if (what < 4) {
                seal();
            } else if (what < 6 || sent_count == 0) {
                change();
            } else {
                open_one();
            }
        }
        MUST(zegel_receiver_wipe(&oracle) == 0 && zegel_receiver_wipe(&receiver) == 0);
        MUST(zegel_sealer_wipe(&sealer) == 0 && zegel_group_wipe(&group) == 0);
    }
    printf("%lu seeds of 400 calls\n", seeds);
    return 0;
}
