/* The board: its start, the console of the emulator, a counter of instructions, and the depth of the stack. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

int main(void);

void board_print(const char *text);
void board_print_number(uint32_t number);
void board_print_hex(const uint8_t *bytes, size_t size);
_Noreturn void board_exit(int failed);
_Noreturn void board_reset(void);

/* Ticks of the board's timer, 32 bits: under `-icount shift=5` one is 1.25 instructions. */
uint32_t board_ticks(void);

/* Fills the stack below the caller with a pattern, and says later how deep it was used. */
void board_paint(void);
size_t board_depth(void);

#endif
