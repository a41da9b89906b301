/* What a build of the bridge with the feature `test-keys` has beside it. */
#include <stdint.h>

/* The next draw of this thread gives these 32 bytes, in words of 8 with the first byte highest. One of ones alone
 * panics, as a bug would. */
void zegel_test_draws(uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* Forgets what was scripted on this thread, and says how much of it there was. */
uint64_t zegel_test_drawn(void);
