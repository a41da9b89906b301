//! The chain: sessions with manifests, several recipients, custody, and what a receiver's policy says
//! (SPEC §4.6, §7.5, §10, §11).

#[path = "../support/mod.rs"]
mod support;

mod bad_evidence;
mod bad_group;
mod bad_session;
mod collision;
mod custody;
mod group;
mod places;
mod policy;
mod session;
