/* Two slots of flash, simulated as flash is: an erase sets all bits, a write clears some, and either may be torn by a
 * reset after any byte. It outlives a reset of the board. */
#ifndef FLASH_H
#define FLASH_H

#include "zegel.h"

/* The storage of a sealer, in the slots of `stream`, 0 or 1. */
zegel_storage flash_storage(unsigned stream);

/* Erases everything: the state in which a board leaves the factory. */
void flash_blank(void);

/* One write: each byte erased, each written, and the end. */
#define FLASH_STEPS (2 * ZEGEL_SLOT_SIZE + 1)

/* The board resets itself at this step of what is written from now on: before it for a byte, after all for the end.
 * 0 for no reset. */
void flash_tear(uint32_t step);

/* Nothing that was written can be read any more. */
void flash_wear_out(void);

#endif
