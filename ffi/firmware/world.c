#include "world.h"

#include "board.h"

const uint8_t world_device_seed[32] = "a seed of the emulated device..";
const uint8_t world_pgo_seed[32] = "a seed of the emulated PGO......";
const uint8_t world_pgo_kem[32] = "a KEM key of the emulated PGO..";

/* A generator for a test, whose every run is the same. A product has the chip's. */
static uint64_t state;

void world_entropy_boot(uint32_t boot) {
    state = 0x9e3779b97f4a7c15u * (boot + 1);
}

static int fill(void *user, uint8_t *out, size_t size) {
    (void)user;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out[i] = (uint8_t)(state >> 32);
    }
    return 0;
}

const zegel_entropy world_entropy = {fill, 0};

void world_expect(int expected, int answered, const char *what) {
    if (answered == expected) return;
    board_print("unexpected ");
    if (answered < 0) board_print("-");
    board_print_number((uint32_t)(answered < 0 ? -answered : answered));
    board_print(": ");
    board_print(what);
    board_print("\n");
    board_exit(1);
}
