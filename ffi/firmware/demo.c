/* What a wearable does, on the emulated board: its first boot, a pairing, one-shots, a session with manifests, and
 * resets in the middle of the writes of its storage. Each thing that it would publish is printed as a line for the
 * host test: what it is, and its bytes in hexadecimal. */
#include "board.h"
#include "flash.h"
#include "world.h"

/* What outlives a reset: the flash, and what a product would keep in it beside. */
static struct {
    uint32_t magic, boot;
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

static void session(int messages) {
    const zegel_limits limits = {8, 100, 3600};
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

int main(void) {
    const zegel_storage storage = flash_storage(0);
    zegel_card_facts facts;
    if (kept.magic != 0x7a676c31) {
        kept.magic = 0x7a676c31;
        kept.boot = 0;
        flash_blank();
    }
    board_print("boot ");
    board_print_number(kept.boot);
    board_print("\n");
    world_entropy_boot(kept.boot);
    OK(zegel_identity_from_seed(&device, world_device_seed));
    if (kept.boot == 0) pair();
    OK(zegel_card_read(&pgo, kept.card, kept.card_size));
    OK(zegel_card_tell(&pgo, &facts));
    /* Once, when the recipient was paired; a reset in the middle of it is why the second boot does it again. */
    if (kept.boot < 2) {
        if (kept.boot++ == 0) flash_tear(100);
        OK(zegel_storage_create(&storage, &device, facts.id));
        kept.boot = 2;
    } else {
        kept.boot++;
    }
    OK(zegel_sealer_init(&sealer, &device, &pgo, NOW, &storage, 0));
    if (kept.boot < 6) {
        seal("61 beat/min", 11);
        /* The next reservation of numbers never ends: after so many bytes of its erase or its write, the board resets. */
        flash_tear((kept.boot - 1) * 37);
        session(70);
        board_exit(1);
    }
    flash_tear(0);
    seal("61 beat/min", 11);
    session(20);
    seal("63 beat/min", 11);
    board_print("done\n");
    return 0;
}
