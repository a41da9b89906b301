/* The smallest image that seals and opens: its size is in README.md. */
#include "board.h"
#include "flash.h"
#include "world.h"

/* No texts: they are not what is weighed. */
#undef OK
#define OK(call) world_expect(ZEGEL_OK, (call), "call")

static zegel_identity context_identity;
static zegel_card context_card;
static zegel_sealer context_sealer;
static zegel_kem_key context_key;
static zegel_receiver context_receiver;
static zegel_peer context_peer;
static zegel_session context_session;
static uint8_t buffer_card[ZEGEL_CARD_SIZE], buffer_out[ZEGEL_SEALED_SIZE(32)];

int main(void) {
    static const uint8_t body[] = "61 beat/min";
    const zegel_measurement beat = {NOW, body, sizeof body - 1, 42};
    const zegel_storage storage = flash_storage(0);
    zegel_opened opened;
    size_t size;
    OK(zegel_identity_from_seed(&context_identity, world_device_seed));
    OK(zegel_card_read(&context_card, buffer_card, sizeof buffer_card));
    OK(zegel_sealer_init(&context_sealer, &context_identity, &context_card, NOW, &storage, 0));
    OK(zegel_seal(&context_sealer, TOPIC, TOPIC_SIZE, &beat, &world_entropy, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_begin(&context_sealer, TOPIC, TOPIC_SIZE, NOW, 0, &world_entropy, buffer_out, sizeof buffer_out,
                           &size));
    OK(zegel_session_seal(&context_sealer, TOPIC, TOPIC_SIZE, &beat, NOW, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_manifest(&context_sealer, TOPIC, TOPIC_SIZE, &world_entropy, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_end(&context_sealer));
    OK(zegel_kem_key_from_secret(&context_key, world_pgo_kem));
    OK(zegel_receiver_init(&context_receiver, world_pgo_seed, &context_key, 1, &context_peer, 1, &context_session, 1));
    OK(zegel_receiver_pin(&context_receiver, &context_card));
    OK(zegel_open(&context_receiver, TOPIC, TOPIC_SIZE, NOW, buffer_out, size, &opened, 0));
    return zegel_receiver_wipe(&context_receiver);
}
