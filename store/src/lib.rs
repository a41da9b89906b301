//! Durable state for zegel.
