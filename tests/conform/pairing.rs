//! Two ends that pair by a code (SPEC §12).

use serde_json::{Value, json};
use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, PairingCode, Reply, Scanner, Shower};
use zegel::{Card, CardClaims, Error, Identity, MAX_NUMBER, Status};

use crate::run::{Outcome, all, bytes, run, secret, test_key, text, verdict};
use crate::support::hex;
use crate::support::parley::{self, Read};
use crate::support::random::Script;

#[test]
fn code_vectors() {
    run("code", 33, |input| {
        let code = PairingCode::parse(text(&input["text"]))?;
        let secret = hex(&code.to_bytes().expose()[33..65]);
        let outcome = json!({
            "shower": hex(&code.shower().0), "secret": secret, "expires": code.expires().unwrap_or(0),
        });
        // The time is looked at when a pairing begins.
        let scanner = Identity::from_seed(&test_key("mallory"))?;
        let claims = CardClaims {
            serial: 1,
            not_before: 0,
            expires: MAX_NUMBER,
            label: "",
            kem_keys: &[],
            status: Status::Active,
        };
        let card = Card::issue_to_vec(&claims, &scanner, &mut Script::constant(7))?;
        Scanner::new(code, &scanner, &card, input["now"].as_u64(), &mut [0; MAX_MESSAGE])?;
        Ok(outcome)
    });
}

#[test]
fn transcript_vectors() {
    run("transcript", 6, |input| {
        let [shower, scanner] = ["shower_seed", "scanner_seed"].map(|field| secret(&input[field]));
        let (shower, scanner) = (Identity::from_seed(&shower)?, Identity::from_seed(&scanner)?);
        let (shower_card, scanner_card) = (bytes(&input["shower_card"]), bytes(&input["scanner_card"]));
        let code = code_of(&hex(&shower.id().0), input);
        let (shown, scanned) = (code.to_text(), PairingCode::parse(&code.to_text())?);
        let mut draws = ["noise_3", "noise_4"].map(|field| Script::new([bytes(&input[field])]));

        let [mut one, mut two, mut three, mut four] = [[0; MAX_MESSAGE]; 4];
        let shows = Shower::new(code, &shower, &shower_card, None)?;
        let (scans, one) = Scanner::new(scanned, &scanner, &scanner_card, None, &mut one)?;
        let topics = [scans.speaks_on(), scans.listens_on()].map(|topic| topic.to_string());
        assert_eq!(topics, [shows.listens_on(), shows.speaks_on()].map(|topic| topic.to_string()));
        let (answered, two) = shows.answer(&mut one.to_vec(), None, &mut two)?;
        let (confirming, three) = scans.confirm(&mut two.to_vec(), None, &mut draws[0], &mut three)?;
        let reply = answered.reply(&mut three.to_vec(), None, &mut draws[1], &mut four)?;
        let Reply::Paired(paired, four) = reply else { panic!("message 3 was taken for message 1") };
        assert_eq!(paired.card_bytes(), scanner_card);
        assert_eq!(confirming.finish(&mut four.to_vec(), None)?.card_bytes(), shower_card);

        // What lies under them, by hand: it opens what the ends have sealed.
        let read = Read::of(&shown);
        let messages = [one, two, three, four];
        messages.iter().for_each(|message| drop(read.open(message)));
        let ((scanner_key, scanner_iv), (shower_key, shower_iv)) = (read.keys(1), read.keys(2));
        Ok(json!({
            "code": shown, "pairing_id": hex(&read.id), "topics": topics, "marks": hex(&read.marks()),
            "scanner_key": hex(&scanner_key), "scanner_iv": hex(&scanner_iv),
            "shower_key": hex(&shower_key), "shower_iv": hex(&shower_iv),
            "messages": messages.map(hex),
            "transcripts": parley::transcripts(&messages[..3]).iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
        }))
    });
}

#[test]
fn pairing_vectors() {
    run("pairing", 109, |input| {
        let identity = Identity::from_seed(&secret(&input["seed"]))?;
        let card = bytes(&input["card"]);
        let code = code_of(text(&input["shower"]), input);
        let mut end = if input["role"] == "shower" {
            End::Shower(Shower::new(code, &identity, &card, None)?)
        } else {
            End::Scanner(Scanner::new(code, &identity, &card, None, &mut [0; MAX_MESSAGE])?.0)
        };
        let steps = all(&input["steps"]).map(|step| {
            let noise = Script::new([bytes(&input["noise"])]);
            let (next, outcome) = end.take().receive(&bytes(step), input["now"].as_u64(), noise);
            end = next;
            verdict(outcome)
        });
        Ok(steps.collect())
    });
}

/// The code of `secret` and `expires`, shown by somebody.
fn code_of(shower: &str, input: &Value) -> PairingCode {
    let expires = input["expires"].as_u64().unwrap().to_be_bytes();
    let said = [&[1][..], &crate::support::unhex(shower), &bytes(&input["secret"]), &expires[3..]].concat();
    let check = parley::sha256(&[b"zegel-code-1", &said[..]].concat());
    PairingCode::from_bytes(&[&said, &check[..4]].concat()).unwrap()
}

/// One end, at whatever it waits for.
enum End<'k> {
    Shower(Shower<'k>),
    Answered(Answered<'k>),
    Scanner(Scanner<'k>),
    Confirming(Confirming<'k>),
    /// Its code has served: the types leave nothing that could take a message.
    Done,
}

impl<'k> End<'k> {
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Done)
    }

    /// What a message gets, and the end after it; a refusal wipes both buffers and gives the state back.
    fn receive(self, bytes: &[u8], now: Option<u64>, mut noise: Script) -> (Self, Outcome) {
        let (mut message, mut out) = (bytes.to_vec(), [0xcc; MAX_MESSAGE]);
        let answers = |answer: &[u8]| Ok(json!({ "answer": hex(answer), "paired": null }));
        let (end, outcome) = match self {
            Self::Shower(state) => match state.answer(&mut message, now, &mut out) {
                Ok((state, answer)) => (Self::Answered(state), answers(answer)),
                Err(refused) => (Self::Shower(refused.state), Err(refused.error)),
            },
            Self::Answered(state) => match state.reply(&mut message, now, &mut noise, &mut out) {
                Ok(Reply::Again(state, answer)) => (Self::Answered(state), answers(answer)),
                Ok(Reply::Paired(paired, answer)) => {
                    let paired = hex(&paired.partner().id().0);
                    (Self::Done, Ok(json!({ "answer": hex(answer), "paired": paired })))
                }
                Err(refused) => (Self::Answered(refused.state), Err(refused.error)),
            },
            Self::Scanner(state) => match state.confirm(&mut message, now, &mut noise, &mut out) {
                Ok((state, answer)) => (Self::Confirming(state), answers(answer)),
                Err(refused) => (Self::Scanner(refused.state), Err(refused.error)),
            },
            Self::Confirming(state) => {
                out.fill(0);
                match state.finish(&mut message, now) {
                    Ok(paired) => {
                        let paired = hex(&paired.partner().id().0);
                        (Self::Done, Ok(json!({ "answer": null, "paired": paired })))
                    }
                    Err(refused) => (Self::Confirming(refused.state), Err(refused.error)),
                }
            }
            Self::Done => return (Self::Done, Err(Error::CodeUsed)),
        };
        assert!(message.iter().all(|byte| *byte == 0), "what was received is wiped");
        assert!(outcome.is_ok() || out.iter().all(|byte| *byte == 0), "nothing goes out on a refusal");
        assert!(outcome.is_ok() || noise.drawn == 0, "nothing was drawn for a refusal");
        (end, outcome)
    }
}
