//! Measurements as SenML packs in CBOR (RFC 8428), and the policy that decides what of them may leave
//! (SPEC §9). A pack is minimised before it is sealed: what is not listed, and any location, stays home.
//!
//! ```
//! use zegel::measure::{Pack, Policy, Record, unit};
//!
//! let pack = Pack::builder("urn:dev:mac:0024befffe804ff1:")
//!     .base_time(1_764_000_000.0)
//!     .record(Record::number("heart-rate", unit::BEATS_PER_MINUTE, 69.0))
//!     .record(Record::number("oxygen-saturation", unit::RATIO, 0.97).at(1.0))
//!     .record(Record::number("latitude", "lat", 52.37))
//!     .build()?;
//!
//! let policy = Policy::new().allow("heart-rate").allow("oxygen-saturation");
//! assert_eq!(policy.withheld(&pack), ["urn:dev:mac:0024befffe804ff1:latitude"]);
//!
//! let bytes = policy.minimise(&pack)?.encode()?;
//! for reading in Pack::decode(&bytes)?.resolved(None) {
//!     println!("{}: {:?} {:?}", reading.name, reading.value, reading.unit);
//! }
//! # Ok::<(), zegel::Error>(())
//! ```

mod compact;
mod decode;
mod encode;
mod label;
mod location;
mod policy;
mod record;
mod resolve;
mod senml;
mod shape;
pub mod unit;

pub use policy::Policy;
pub use record::{Record, Value};
pub use resolve::Reading;
pub use senml::{Builder, Pack};
