/* Stands in for what the platform holds: keys of Ed25519 and X25519, and SHA-256. */
#include <openssl/evp.h>
#include <openssl/sha.h>
