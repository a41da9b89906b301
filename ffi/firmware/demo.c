/* What a wearable does, on the emulated board: its first boot, a pairing, one-shots, a session with manifests, and
 * resets in the middle of the writes of its storage. Each thing that it would publish is printed as a line for the
 * host test: what it is, and its bytes in hexadecimal. */
#include "board.h"
#include "flash.h"
#include "world.h"

/* What outlives a reset: the flash, and what a product would keep in it beside. */
static struct {
    uint32_t magic, boot;
    enum { PAIR, CREATE, RESERVE, LAST } at;
    uint32_t step; /* where the next write is torn */
    uint32_t torn; /* whether this reset is from it */
    size_t card_size;
    uint8_t card[ZEGEL_CARD_SIZE]; /* the PGO's, pinned when both were paired */
} kept __attribute__((section(".noinit")));

static zegel_identity device;
static zegel_card pgo;
static zegel_sealer sealer;
static uint8_t out[ZEGEL_SEALED_SIZE(100)], own_card[ZEGEL_CARD_SIZE];
static size_t size;

static void publish(const char *what) {
    board_print(what);
    board_print(" ");
    board_print_hex(out, size);
    board_print("\n");
}

static void pair(void) {
    /* The PGO's end runs here too: an emulated board has no broker. */
    static zegel_identity shows;
    static zegel_kem_key key;
    static zegel_pairing shower, scanner;
    static uint8_t pgo_card[ZEGEL_CARD_SIZE], one[ZEGEL_PAIRING_SIZE], two[ZEGEL_PAIRING_SIZE];
    char code[ZEGEL_CODE_SIZE];
    uint8_t public_key[32], paired;
    size_t own_size, pgo_size;
    zegel_claims claims = {1, NOW - 1000, NOW + 1000000, "emulated", 8, public_key, 0, 0};

    OK(zegel_card_issue(&device, &claims, &world_entropy, own_card, sizeof own_card, &own_size));
    OK(zegel_identity_from_seed(&shows, world_pgo_seed));
    OK(zegel_kem_key_from_secret(&key, world_pgo_kem));
    OK(zegel_kem_key_public(&key, public_key));
    claims.kem_count = 1;
    OK(zegel_card_issue(&shows, &claims, &world_entropy, pgo_card, sizeof pgo_card, &pgo_size));

    OK(zegel_pairing_show(&shower, &shows, pgo_card, pgo_size, NOW, 600, &world_entropy, code));
    OK(zegel_pairing_scan(&scanner, &device, own_card, own_size, code, sizeof code - 1, NOW, one, sizeof one, &size));
    OK(zegel_pairing_take(&shower, one, size, NOW, &world_entropy, two, sizeof two, &size, &paired));
    OK(zegel_pairing_take(&scanner, two, size, NOW, &world_entropy, one, sizeof one, &size, &paired));
    OK(zegel_pairing_take(&shower, one, size, NOW, &world_entropy, two, sizeof two, &size, &paired));
    OK(zegel_pairing_take(&scanner, two, size, NOW, &world_entropy, one, sizeof one, &size, &paired));
    if (!paired) board_exit(1);
    OK(zegel_pairing_card(&scanner, kept.card, sizeof kept.card, &kept.card_size));
    zegel_pairing_wipe(&scanner);
    zegel_pairing_wipe(&shower);

    for (size = 0; size < own_size; size++) out[size] = own_card[size];
    publish("card");
}

static void seal(const char *text, size_t length) {
    const zegel_measurement beat = {NOW, (const uint8_t *)text, length, 42};
    OK(zegel_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, &world_entropy, out, sizeof out, &size));
    publish("envelope");
}

/* Messages until there are enough of them, or the board resets. */
static void session(int messages) {
    const zegel_limits limits = {16, 100, 3600};
    const zegel_measurement beat = {NOW, (const uint8_t *)"62 beat/min", 11, 42};
    OK(zegel_session_begin(&sealer, TOPIC, TOPIC_SIZE, NOW, &limits, &world_entropy, out, sizeof out, &size));
    publish("keyframe");
    while (messages > 0) {
        const int answered = zegel_session_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, NOW, out, sizeof out, &size);
        if (answered == ZEGEL_MANIFEST_DUE) {
            OK(zegel_session_manifest(&sealer, TOPIC, TOPIC_SIZE, &world_entropy, out, sizeof out, &size));
            publish("manifest");
        } else {
            OK(answered);
            publish("message");
            messages--;
        }
    }
    OK(zegel_session_manifest(&sealer, TOPIC, TOPIC_SIZE, &world_entropy, out, sizeof out, &size));
    publish("manifest");
    OK(zegel_session_end(&sealer));
}

static void expect(int holds, const char *what) {
    if (holds) return;
    board_print(what);
    board_exit(1);
}

/* The start has cleared all memory but .noinit, so the session that a reset interrupted has no keys any more. */
static void no_session_survives(void) {
    const zegel_measurement beat = {NOW, (const uint8_t *)"62 beat/min", 11, 42};
    const uint8_t *at = (const uint8_t *)&sealer;
    for (size_t i = 0; i < sizeof sealer; i++) expect(at[i] == 0, "the sealer outlived the reset\n");
    world_expect(ZEGEL_BAD_CONTEXT, zegel_session_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, NOW, out, sizeof out, &size),
                 "a message of a session that is gone");
    world_expect(ZEGEL_BAD_CONTEXT,
                 zegel_session_manifest(&sealer, TOPIC, TOPIC_SIZE, &world_entropy, out, sizeof out, &size),
                 "a manifest of a session that is gone");
}

/* The first boot, reset at each step of its write: it is done again, which does no harm. */
static void create(const zegel_storage *storage, const uint8_t *recipient) {
    for (; kept.step <= FLASH_STEPS; kept.step++) {
        if (kept.torn) {
            OK(zegel_storage_create(storage, &device, recipient));
            kept.torn = 0;
            continue;
        }
        kept.torn = 1;
        flash_blank();
        flash_tear(kept.step);
        OK(zegel_storage_create(storage, &device, recipient));
        expect(0, "the write was not torn\n");
    }
    kept.at = RESERVE;
    kept.step = 1;
}

/* Both slots unreadable: the device refuses, for it cannot know which numbers it has used. */
static void refuse(const zegel_storage *storage, const uint8_t *recipient) {
    const zegel_measurement beat = {NOW, (const uint8_t *)"64 beat/min", 11, 42};
    flash_wear_out();
    OK(zegel_sealer_wipe(&sealer));
    OK(zegel_sealer_init(&sealer, &device, &pgo, NOW, storage, 0));
    out[0] = 1;
    world_expect(ZEGEL_STORAGE, zegel_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, &world_entropy, out, sizeof out, &size),
                 "a measurement without a number");
    world_expect(ZEGEL_STORAGE, zegel_storage_create(storage, &device, recipient), "a storage that was in use");
    expect(size == 0 && out[0] == 0, "something is left of what was refused\n");
    board_print("refused 18\n");
}

int main(void) {
    const zegel_storage storage = flash_storage(0);
    zegel_card_facts facts;
    if (kept.magic != 0x7a676c32) {
        kept.magic = 0x7a676c32;
        kept.boot = kept.torn = 0;
        kept.at = PAIR;
        kept.step = 1;
        flash_blank();
    }
    board_print("boot ");
    board_print_number(kept.boot);
    board_print("\n");
    world_entropy_boot(kept.boot++);
    no_session_survives();
    OK(zegel_identity_from_seed(&device, world_device_seed));
    if (kept.at == PAIR) {
        pair();
        kept.at = CREATE;
    }
    OK(zegel_card_read(&pgo, kept.card, kept.card_size));
    OK(zegel_card_tell(&pgo, &facts));
    if (kept.at == CREATE) create(&storage, facts.id);
    OK(zegel_sealer_init(&sealer, &device, &pgo, NOW, &storage, 0));
    seal("61 beat/min", 11);
    if (kept.at == RESERVE && kept.step <= FLASH_STEPS) {
        /* The next reservation of numbers never ends: at this step of its erase or its write, the board resets. */
        flash_tear(kept.step++);
        session(90);
        expect(0, "the write was not torn\n");
    }
    kept.at = LAST;
    session(20);
    seal("63 beat/min", 11);
    refuse(&storage, facts.id);
    board_print("done\n");
    return 0;
}
