//! Each part that has a state against a model of it, under random schedules of what a broker, a battery and an
//! attacker can do. A model is a few lines over plain maps, and says nothing of how the part does it.

#[path = "../support/mod.rs"]
mod support;

mod cards;
mod guards;
mod receiver;
mod sender;
mod session;
