/* Two slots of flash, simulated as flash is: an erase sets all bits, a write clears some, and either may be torn by a
 * reset after any byte. It outlives a reset of the board. */
#ifndef FLASH_H
#define FLASH_H

#include "zegel.h"

/* The storage of a sealer, in the slots of `stream`, 0 or 1. */
zegel_storage flash_storage(unsigned stream);

/* Erases everything: the state in which a board leaves the factory. */
void flash_blank(void);

/* The board resets itself before the step that comes after `steps` more: an erase is one step, and each byte is. */
void flash_tear(uint32_t steps);

#endif
