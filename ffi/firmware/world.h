/* Who takes part: keys that are printed here, and so for this image alone. A product draws them at its first boot. */
#ifndef WORLD_H
#define WORLD_H

#include "zegel.h"

extern const uint8_t world_device_seed[32], world_pgo_seed[32], world_pgo_kem[32];

/* A stand-in for the generator of a chip: it must never be used outside of an emulator. */
extern const zegel_entropy world_entropy;
void world_entropy_boot(uint32_t boot);

#define TOPIC "zegel/7f3a/1"
#define TOPIC_SIZE (sizeof TOPIC - 1)
#define NOW 1764000000u

/* Stops the image when a call did not answer what it should. */
void world_expect(int expected, int answered, const char *what);
#define OK(call) world_expect(ZEGEL_OK, (call), #call)

#endif
