//! Runs every file of `tests/vectors` (SPEC §16). The folder's README says what each kind holds; an independent
//! program wrote them, so what agrees here was decided twice. The kinds `merkle` and `inclusion` run in
//! `src/session/merkle.rs`, for a tree by itself is nobody's business outside.

#[path = "../support/mod.rs"]
mod support;

mod card;
mod evidence;
mod guard;
mod open;
mod pairing;
mod run;
mod seal;
mod sealed;
mod steps;
