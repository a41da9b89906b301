/* The smallest program that finds the installed library. */
#include <zegel.h>

int main(void) {
    static const uint8_t seed[32] = "32 bytes that nobody else knows";
    zegel_identity identity;
    uint8_t id[32];
    if (zegel_identity_from_seed(&identity, seed) != ZEGEL_OK) return 1;
    if (zegel_identity_id(&identity, id) != ZEGEL_OK) return 2;
    return zegel_identity_wipe(&identity);
}
