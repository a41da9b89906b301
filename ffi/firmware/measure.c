/* What each call costs: instructions and the deepest stack, of a body of 100 bytes. One line each, for xtask. */
#include "board.h"
#include "flash.h"
#include "world.h"

static zegel_identity device, pgo;
static zegel_card device_card, pgo_card;
static zegel_sealer sealer;
static zegel_kem_key key;
static zegel_receiver receiver;
static zegel_peer peer;
static zegel_session session;
static zegel_opened opened;
static zegel_proof proof;
static uint8_t card[ZEGEL_CARD_SIZE], envelope[ZEGEL_SEALED_SIZE(100)], evidence[2048];
static uint8_t messages[33][ZEGEL_MESSAGE_SIZE(100)];
static size_t sizes[33], size;
static uint32_t began;

static void start(void) {
    board_paint();
    began = board_ticks();
}

static uint32_t stop(const char *what, int answered) {
    const uint32_t ticks = board_ticks() - began;
    const size_t depth = board_depth();
    world_expect(ZEGEL_OK, answered, what);
    board_print(what);
    board_print(" ");
    board_print_number(ticks * 5 / 4);
    board_print(" ");
    board_print_number(depth);
    board_print("\n");
    return ticks * 5 / 4;
}

static void read_card(const zegel_identity *identity, const zegel_kem_key *kem, zegel_card *into) {
    uint8_t public_key[32];
    zegel_claims claims = {1, NOW - 1000, NOW + 1000000, "emulated", 8, public_key, kem != 0, 0};
    if (kem) OK(zegel_kem_key_public(kem, public_key));
    OK(zegel_card_issue(identity, &claims, &world_entropy, card, sizeof card, &size));
    OK(zegel_card_read(into, card, size));
}

int main(void) {
    static uint8_t body[100];
    const zegel_measurement beat = {NOW, body, sizeof body, 42};
    const zegel_storage storage = flash_storage(0);
    const zegel_acceptance anything = {ZEGEL_NO_TIME, ZEGEL_NO_TIME, ZEGEL_NO_TIME};
    uint32_t all = 0;
    uint8_t id[32];
    int answered;

    world_entropy_boot(0);
    flash_blank();
    start();
    answered = zegel_identity_from_seed(&device, world_device_seed);
    stop("identity", answered);
    OK(zegel_identity_from_seed(&pgo, world_pgo_seed));
    OK(zegel_kem_key_from_secret(&key, world_pgo_kem));
    OK(zegel_identity_id(&pgo, id));
    read_card(&pgo, &key, &pgo_card);
    start();
    answered = zegel_card_read(&pgo_card, card, size);
    stop("card", answered);
    OK(zegel_storage_create(&storage, &device, id));
    OK(zegel_sealer_init(&sealer, &device, &pgo_card, NOW, &storage, 0));
    read_card(&device, 0, &device_card);
    OK(zegel_receiver_init(&receiver, id, &key, 1, &peer, 1, &session, 1));
    OK(zegel_receiver_pin(&receiver, &device_card));
    OK(zegel_receiver_accept(&receiver, &anything));

    start();
    answered = zegel_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, &world_entropy, envelope, sizeof envelope, &size);
    stop("seal", answered);
    start();
    answered = zegel_open(&receiver, TOPIC, TOPIC_SIZE, NOW, envelope, size, &opened, 0);
    stop("open", answered);

    start();
    answered = zegel_session_begin(&sealer, TOPIC, TOPIC_SIZE, NOW, 0, &world_entropy, envelope, sizeof envelope, &size);
    stop("keyframe", answered);
    start();
    answered = zegel_open(&receiver, TOPIC, TOPIC_SIZE, NOW, envelope, size, &opened, 0);
    stop("open-keyframe", answered);
    for (int i = 0; i < 32; i++) {
        start();
        answered = zegel_session_seal(&sealer, TOPIC, TOPIC_SIZE, &beat, NOW, messages[i], sizeof messages[i], &sizes[i]);
        if (i == 0) {
            all += stop("message", answered);
        } else {
            all += (board_ticks() - began) * 5 / 4;
            OK(answered);
        }
    }
    start();
    answered = zegel_session_manifest(&sealer, TOPIC, TOPIC_SIZE, &world_entropy, messages[32], sizeof messages[32],
                                      &sizes[32]);
    all += stop("manifest", answered);
    board_print("message-with-manifest ");
    board_print_number(all / 32);
    board_print(" 0\n");
    start();
    answered = zegel_open(&receiver, TOPIC, TOPIC_SIZE, NOW, messages[0], sizes[0], &opened, 0);
    stop("open-message", answered);
    for (int i = 1; i < 32; i++) OK(zegel_open(&receiver, TOPIC, TOPIC_SIZE, NOW, messages[i], sizes[i], &opened, 0));
    start();
    answered = zegel_open(&receiver, TOPIC, TOPIC_SIZE, NOW, messages[32], sizes[32], &opened, &proof);
    stop("open-manifest", answered);
    if (!opened.block || opened.block_last - opened.block_first != 31) board_exit(1);
    (void)evidence;
    OK(zegel_session_end(&sealer));
    return 0;
}
