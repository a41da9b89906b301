#include "board.h"

/* The first half of the board's dual timer. It runs at 25 MHz; the core's own one, of 24 bits, would be round before a
 * Cortex-M0 has sealed. */
#define TIMER_LOAD (*(volatile uint32_t *)0x40002000)
#define TIMER_VALUE (*(volatile uint32_t *)0x40002004)
#define TIMER_CONTROL (*(volatile uint32_t *)0x40002008)

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_end[], stack_top[];

static _Noreturn void fault(void) {
    board_print("fault\n");
    board_exit(1);
}

_Noreturn void reset(void) {
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end; to++) *to = *from++;
    for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the floating point unit, which a hard-float library may use */
#endif
    TIMER_LOAD = UINT32_MAX;
    TIMER_CONTROL = 0x82; /* on, all 32 bits, round and round, no interrupt */
    board_exit(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top,     (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault, 0, 0, 0, 0,
    (void *)fault, (void *)fault, 0,             (void *)fault, (void *)fault,
};

static int semihost(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_print(const char *text) {
    semihost(0x04, text);
}

void board_print_number(uint32_t number) {
    char text[11];
    char *at = text + 10;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    board_print(at);
}

void board_print_hex(const uint8_t *bytes, size_t size) {
    char text[65];
    while (size > 0) {
        size_t now = size < 32 ? size : 32;
        for (size_t i = 0; i < now; i++) {
            text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
            text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
        text[2 * now] = 0;
        board_print(text);
        bytes += now;
        size -= now;
    }
}

_Noreturn void board_exit(int failed) {
    semihost(0x18, failed ? (const void *)0x20023 : (const void *)0x20026);
    for (;;) {
    }
}

_Noreturn void board_reset(void) {
    __asm__ volatile("dsb" ::: "memory");
    *(volatile uint32_t *)0xe000ed0c = 0x05fa0004;
    for (;;) {
    }
}

uint32_t board_ticks(void) {
    return UINT32_MAX - TIMER_VALUE;
}

#define PAINT 0xc5c5c5c5u
static uint32_t *painted_from;

__attribute__((noinline)) void board_paint(void) {
    uint32_t *here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    painted_from = here - 16;
    for (volatile uint32_t *at = stack_end; at < painted_from; at++) *at = PAINT;
}

size_t board_depth(void) {
    const uint32_t *at = stack_end;
    while (at < painted_from && *at == PAINT) at++;
    return (size_t)(painted_from - at) * sizeof *at;
}
