//! Pairing: two ends that never met exchange their cards over the broker, by a code (SPEC §12).

use std::sync::{Arc, Mutex};

use self_cell::self_cell;
use zegel::Refused;
use zegel::pairing::{
    Answered, Confirming, MAX_MESSAGE, Paired, PairingCode as Code, Reply, Scanner, Shower,
};
use zeroize::Zeroizing;

use crate::card::Card;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::identity::{Identity, Signing};
use crate::rng::Rng;

/// The code that one end shows and the other scans. It is as secret as what it pairs, and serves once.
#[derive(uniffi::Object)]
pub struct PairingCode(Mutex<Option<Code>>);

#[uniffi::export]
impl PairingCode {
    /// Draws a code that `identity` shows for `lifetime` seconds from `now`, a day at most.
    #[uniffi::constructor]
    pub fn draw(identity: &Identity, now: Option<u64>, lifetime: u64) -> Result<Arc<Self>, Failure> {
        let shower = zegel::Sign::id(&**identity.signing());
        Ok(Self::of(Code::draw(&shower, now, lifetime, &mut Rng)?))
    }

    /// Reads the text of a code, ASCII, as it was scanned. The caller wipes its own copy.
    #[uniffi::constructor]
    pub fn scan(text: Vec<u8>) -> Result<Arc<Self>, Failure> {
        let text = Zeroizing::new(text);
        let text = std::str::from_utf8(&text).map_err(|_| zegel::Error::Malformed)?;
        Ok(Self::of(Code::parse(text)?))
    }

    /// Reads the bytes of a code, as NFC or BLE carry them. The caller wipes its own copy.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Arc<Self>, Failure> {
        let bytes = Zeroizing::new(bytes);
        Ok(Self::of(Code::from_bytes(&bytes)?))
    }

    /// The text of the code, ASCII, for a QR code. The caller wipes it.
    pub fn text(&self) -> Result<Vec<u8>, Failure> {
        self.with(|code| code.to_text().into_bytes())
    }

    /// The bytes of the code. The caller wipes them.
    pub fn bytes(&self) -> Result<Vec<u8>, Failure> {
        self.with(|code| code.to_bytes().expose().to_vec())
    }

    /// Who shows it: 32 bytes.
    pub fn shower(&self) -> Result<Vec<u8>, Failure> {
        self.with(|code| code.shower().0.to_vec())
    }

    /// Its last second, since 1970; absent where the shower has no clock.
    pub fn expires(&self) -> Result<Option<u64>, Failure> {
        self.with(Code::expires)
    }
}

impl PairingCode {
    fn of(code: Code) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(code))))
    }

    fn with<T>(&self, read: impl FnOnce(&Code) -> T) -> Result<T, Failure> {
        let code = self.0.lock().map_err(|_| Failure::BAD_CONTEXT)?;
        code.as_ref().map(read).ok_or(Failure::BAD_CONTEXT)
    }

    fn serve(&self) -> Result<Code, Failure> {
        self.0.lock().map_err(|_| Failure::BAD_CONTEXT)?.take().ok_or(Failure::BAD_CONTEXT)
    }
}

/// What a message of a pairing leads to.
#[derive(uniffi::Record)]
pub struct Step {
    /// What to publish now.
    pub answer: Option<Vec<u8>>,
    /// The partner, to be pinned now and before the answer goes out. The pairing has ended.
    pub partner: Option<Arc<Card>>,
}

/// One end of a pairing. What it refuses changes nothing: it goes on listening.
#[derive(uniffi::Object)]
pub struct Pairing {
    held: Gate<Held>,
    listens_on: String,
    speaks_on: String,
    first: Option<Vec<u8>>,
}

/// What an end signs with, and the card that it sends.
struct Own {
    signing: Arc<Signing>,
    card: Vec<u8>,
}

enum End<'k> {
    Shower(Shower<'k, Signing>),
    Answered(Answered<'k, Signing>),
    Scanner(Scanner<'k, Signing>),
    Confirming(Confirming<'k, Signing>),
    /// Its code has served.
    Done,
}

self_cell!(
    struct Held {
        owner: Own,
        #[covariant]
        dependent: End,
    }
);

#[uniffi::export]
impl Pairing {
    /// The end that shows `code`, which serves with that. `card` is one's own.
    #[uniffi::constructor]
    pub fn show(
        code: &PairingCode,
        identity: &Identity,
        card: &Card,
        now: Option<u64>,
    ) -> Result<Arc<Self>, Failure> {
        let code = code.serve()?;
        let own = Own { signing: Arc::clone(identity.signing()), card: card.wire().to_vec() };
        let (mut listens_on, mut speaks_on) = (String::new(), String::new());
        let held = Held::try_new(own, |own| {
            let shower = Shower::new(code, &*own.signing, &own.card, now)?;
            listens_on = shower.listens_on().as_str().into();
            speaks_on = shower.speaks_on().as_str().into();
            Ok::<_, Failure>(End::Shower(shower))
        })?;
        Ok(Arc::new(Self { held: Gate::new(held), listens_on, speaks_on, first: None }))
    }

    /// The end that has scanned `code`, which serves with that. [`Pairing::first_message`] is to be published.
    #[uniffi::constructor]
    pub fn answer(
        code: &PairingCode,
        identity: &Identity,
        card: &Card,
        now: Option<u64>,
    ) -> Result<Arc<Self>, Failure> {
        let code = code.serve()?;
        let own = Own { signing: Arc::clone(identity.signing()), card: card.wire().to_vec() };
        let (mut listens_on, mut speaks_on) = (String::new(), String::new());
        let mut out = [0; MAX_MESSAGE];
        let mut first = None;
        let held = Held::try_new(own, |own| {
            let (scanner, message) = Scanner::new(code, &*own.signing, &own.card, now, &mut out)?;
            listens_on = scanner.listens_on().as_str().into();
            speaks_on = scanner.speaks_on().as_str().into();
            first = Some(message.to_vec());
            Ok::<_, Failure>(End::Scanner(scanner))
        })?;
        Ok(Arc::new(Self { held: Gate::new(held), listens_on, speaks_on, first }))
    }

    /// Where the partner's messages arrive.
    pub fn listens_on(&self) -> String {
        self.listens_on.clone()
    }

    /// Where this end's messages are published.
    pub fn speaks_on(&self) -> String {
        self.speaks_on.clone()
    }

    /// Message 1, of the end that scanned.
    pub fn first_message(&self) -> Option<Vec<u8>> {
        self.first.clone()
    }

    /// Takes a message; `CodeUsed` after the last one.
    pub fn take(&self, message: Vec<u8>, now: Option<u64>) -> Result<Step, Failure> {
        let mut message = message;
        self.held.enter()?.with_dependent_mut(|_, end| {
            let (next, step) = std::mem::replace(end, End::Done).take(&mut message, now);
            *end = next;
            step
        })
    }
}

impl<'k> End<'k> {
    /// The end after a message, and what the message leads to.
    fn take(self, message: &mut [u8], now: Option<u64>) -> (Self, Result<Step, Failure>) {
        let mut out = [0; MAX_MESSAGE];
        match self {
            Self::Shower(state) => match state.answer(message, now, &mut out) {
                Ok((state, answer)) => (Self::Answered(state), Ok(answers(answer))),
                Err(refused) => back(refused, Self::Shower),
            },
            Self::Answered(state) => match state.reply(message, now, &mut Rng, &mut out) {
                Ok(Reply::Again(state, answer)) => (Self::Answered(state), Ok(answers(answer))),
                Ok(Reply::Paired(paired, answer)) => (Self::Done, Ok(pairs(&paired, Some(answer)))),
                Err(refused) => back(refused, Self::Answered),
            },
            Self::Scanner(state) => match state.confirm(message, now, &mut Rng, &mut out) {
                Ok((state, answer)) => (Self::Confirming(state), Ok(answers(answer))),
                Err(refused) => back(refused, Self::Scanner),
            },
            Self::Confirming(state) => match state.finish(message, now) {
                Ok(paired) => (Self::Done, Ok(pairs(&paired, None))),
                Err(refused) => back(refused, Self::Confirming),
            },
            Self::Done => (Self::Done, Err(zegel::Error::CodeUsed.into())),
        }
    }
}

fn back<'k, S>(refused: Refused<S>, end: impl FnOnce(S) -> End<'k>) -> (End<'k>, Result<Step, Failure>) {
    (end(refused.state), Err(refused.error.into()))
}

fn answers(answer: &[u8]) -> Step {
    Step { answer: Some(answer.to_vec()), partner: None }
}

fn pairs(paired: &Paired, answer: Option<&[u8]>) -> Step {
    let partner = Card::verified(paired.partner().clone(), paired.card_bytes().to_vec());
    Step { answer: answer.map(<[u8]>::to_vec), partner: Some(partner) }
}
