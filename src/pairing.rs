//! Pairing: two ends that have never met exchange their cards over the broker, by a code that one shows and the
//! other scans (SPEC §12). Either may show it.
//!
//! Four messages cross, and each step consumes the state before it. What is refused gives the state back, unchanged,
//! as a [`Refused`](crate::Refused): then the next message may be the genuine one.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use zegel::pairing::{MAX_MESSAGE, Paired, PairingCode, Reply, Scanner, Shower};
//! use zegel::{Error, Identity, rng::SysRng};
//!
//! /// A scanner in the same room; each card is its identity's.
//! fn pair(shows: (&Identity, &[u8]), scans: (&Identity, &[u8])) -> Result<(Paired, Paired), Error> {
//!     let code = PairingCode::draw(&shows.0.id(), None, 600, &mut SysRng)?;
//!     let scanned = PairingCode::parse(&code.to_text())?;
//!     let [mut one, mut two, mut three, mut four] = [[0; MAX_MESSAGE]; 4];
//!     let mut sent = |message: &[u8]| message.to_vec();
//!
//!     let shower = Shower::new(code, shows.0, shows.1, None)?;
//!     let (scanner, message) = Scanner::new(scanned, scans.0, scans.1, None, &mut one)?;
//!     let (answered, message) = shower.answer(&mut sent(message), None, &mut two)?;
//!     let (confirming, message) = scanner.confirm(&mut sent(message), None, &mut SysRng, &mut three)?;
//!     match answered.reply(&mut sent(message), None, &mut SysRng, &mut four)? {
//!         Reply::Paired(scanner, message) => Ok((scanner, confirming.finish(&mut sent(message), None)?)),
//!         Reply::Again(..) => Err(Error::Duplicate),
//!     }
//! }
//! ```

pub(crate) mod code;
pub(crate) mod end;
pub(crate) mod keys;
pub(crate) mod partner;
pub(crate) mod scanner;
pub(crate) mod shower;
pub(crate) mod text;
pub(crate) mod topic;

pub use code::{MAX_LIFETIME, PairingCode};
pub use keys::MAX_MESSAGE;
pub use partner::Paired;
pub use scanner::{Confirming, Scanner};
pub use shower::{Answered, Reply, Shower};
pub use topic::PairingTopic;
