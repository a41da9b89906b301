//! Holds the rules of the house (CONTRIBUTING.md) over the files of this repository. Each rule is a function from
//! files to faults, so that it can be shown a bad file; the test beside it runs it over the real ones.

mod floors;
mod papers;
mod parity;
mod rust;
mod source;
mod spec;
mod threats;
mod tree;
