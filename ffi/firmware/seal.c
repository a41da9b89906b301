/* The smallest image that seals, one-shots and sessions: its size is in README.md. */
#include "board.h"
#include "flash.h"
#include "world.h"

/* No texts: they are not what is weighed. */
#undef OK
#define OK(call) world_expect(ZEGEL_OK, (call), "call")

static zegel_identity context_identity;
static zegel_card context_card;
static zegel_sealer context_sealer;
static uint8_t buffer_card[ZEGEL_CARD_SIZE], buffer_out[ZEGEL_SEALED_SIZE(32)];

int main(void) {
    static const uint8_t body[] = "61 beat/min";
    const zegel_measurement beat = {NOW, body, sizeof body - 1, 42};
    const zegel_storage storage = flash_storage(0);
    size_t size;
    /* A product has the seed and the pinned card in its flash. */
    OK(zegel_identity_from_seed(&context_identity, world_device_seed));
    OK(zegel_card_read(&context_card, buffer_card, sizeof buffer_card));
    OK(zegel_sealer_init(&context_sealer, &context_identity, &context_card, NOW, &storage, 0));
    OK(zegel_seal(&context_sealer, TOPIC, TOPIC_SIZE, &beat, &world_entropy, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_begin(&context_sealer, TOPIC, TOPIC_SIZE, NOW, 0, &world_entropy, buffer_out, sizeof buffer_out,
                           &size));
    OK(zegel_session_seal(&context_sealer, TOPIC, TOPIC_SIZE, &beat, NOW, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_manifest(&context_sealer, TOPIC, TOPIC_SIZE, &world_entropy, buffer_out, sizeof buffer_out, &size));
    OK(zegel_session_end(&context_sealer));
    return zegel_sealer_wipe(&context_sealer);
}
