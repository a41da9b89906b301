//! What an attacker can do to an envelope or a card, each time with the four things that hold for every refusal: the
//! error's kind, a wiped buffer, replay and trust state as before, and nothing drawn or written. The last holds by
//! construction: no call on the receiving path takes a random generator or a sequence store.

#[path = "../support/mod.rs"]
mod support;

mod bits;
mod cards;
mod encoding;
mod ends;
mod faults;
mod identity;
mod insider;
mod order;
mod pairing;
mod schedules;
