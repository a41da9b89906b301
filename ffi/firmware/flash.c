#include "flash.h"

#include "board.h"

static struct {
    uint8_t slots[2][2][ZEGEL_SLOT_SIZE];
    uint32_t tear; /* steps until the reset, 0 for none */
} flash __attribute__((section(".noinit")));

static void step(void) {
    if (flash.tear > 0 && --flash.tear == 0) board_reset();
}

static int slot_read(void *user, uint32_t slot, uint8_t *out, size_t size) {
    if (slot > 1 || size > ZEGEL_SLOT_SIZE) return 1;
    for (size_t i = 0; i < size; i++) out[i] = flash.slots[(uintptr_t)user][slot][i];
    return 0;
}

static int slot_write(void *user, uint32_t slot, const uint8_t *bytes, size_t size) {
    volatile uint8_t *to = flash.slots[(uintptr_t)user][slot];
    if (slot > 1 || size > ZEGEL_SLOT_SIZE) return 1;
    for (size_t i = 0; i < ZEGEL_SLOT_SIZE; i++) {
        step(); /* an erase that is torn leaves some bytes as they were */
        to[i] = 0xff;
    }
    for (size_t i = 0; i < size; i++) {
        step();
        to[i] &= bytes[i];
    }
    step();
    return 0;
}

zegel_storage flash_storage(unsigned stream) {
    zegel_storage storage = {slot_read, slot_write, (void *)(uintptr_t)(stream & 1)};
    return storage;
}

void flash_blank(void) {
    for (size_t i = 0; i < sizeof flash.slots; i++) ((uint8_t *)flash.slots)[i] = 0xff;
    flash.tear = 0;
}

void flash_tear(uint32_t step) {
    flash.tear = step;
}

void flash_wear_out(void) {
    for (size_t i = 0; i < sizeof flash.slots; i++) ((uint8_t *)flash.slots)[i] = 0x5a;
}
