//! Who gets to know whom: three pairings by a code, over the broker that nobody trusts (SPEC §12).
//!
//! The GP shows a code and the PGO scans it, the PGO shows one and the wearable scans it, the carer shows one and the
//! wearable scans it. Before each word the attacker has his turn with whoever waits for it.

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use rumqttc::mqttbytes::v5::Publish;
use tokio::sync::{mpsc, oneshot};
use zegel::pairing::{MAX_MESSAGE, Paired, PairingCode, Reply, Scanner, Shower};
use zegel::{Refused, rng::SysRng};
use zegel_store::Store;

use super::attack::Role;
use super::cast::Holder;
use super::ledger::{Sent, mark};
use super::link::{Link, delivered};
use super::mallory::{Cue, Scene};
use super::run::{Run, now};
use super::{carer, gp, pgo, wearable};

/// The connections of those who have been paired.
pub(super) struct Links {
    pub(super) gp: Link,
    pub(super) pgo: Link,
    pub(super) carer: Link,
}

/// One end of a pairing.
struct End<'e> {
    role: Role,
    holder: &'e Holder,
    store: Store,
    link: &'e mut Link,
}

/// Pairs them all.
pub(super) async fn all(run: &Run, cue: &mpsc::Sender<Cue>) -> Result<Links> {
    let mut links = Links {
        gp: Link::open(run, "gp").await?,
        pgo: Link::open(run, "pgo").await?,
        carer: Link::open(run, "carer").await?,
    };
    let mut wearable = Link::open(run, "wearable-pair").await?;
    let cast = &run.cast;
    let shows = End { role: Role::Gp, holder: &cast.gp, store: gp::state(run)?, link: &mut links.gp };
    let scans = End { role: Role::Pgo, holder: &cast.pgo, store: pgo::state(run)?, link: &mut links.pgo };
    meet(run, cue, shows, scans).await?;
    let shows = End { role: Role::Pgo, holder: &cast.pgo, store: pgo::state(run)?, link: &mut links.pgo };
    let own = || wearable::state(run, false);
    let scans = End { role: Role::Wearable, holder: &cast.wearable, store: own()?, link: &mut wearable };
    meet(run, cue, shows, scans).await?;
    let shows =
        End { role: Role::Carer, holder: &cast.carer, store: carer::state(run)?, link: &mut links.carer };
    let scans = End { role: Role::Wearable, holder: &cast.wearable, store: own()?, link: &mut wearable };
    meet(run, cue, shows, scans).await?;
    Ok(links)
}

/// One pairing, word by word.
async fn meet(run: &Run, cue: &mpsc::Sender<Cue>, mut shows: End<'_>, mut scans: End<'_>) -> Result<()> {
    let code = PairingCode::draw(shows.holder.card.id(), Some(now()), LIFETIME, &mut SysRng)?;
    // What stands on the screen: whoever is in the room can read it, and nobody else.
    let text = code.to_text();
    let mut room = [0; MAX_MESSAGE];
    let shower = Shower::new(code, &shows.holder.identity, &shows.holder.encoded, Some(now()))?;
    let scanned = PairingCode::parse(&text)?;
    let (identity, card) = (&scans.holder.identity, &scans.holder.encoded);
    let (scanner, first) = Scanner::new(scanned, identity, card, Some(now()), &mut room)?;
    let first = Bytes::copy_from_slice(first);
    let (to_shower, to_scanner) = (shower.listens_on(), scanner.listens_on());
    shows.link.subscribe(to_shower.as_str()).await?;
    scans.link.subscribe(to_scanner.as_str()).await?;
    let mut talk = Talk { run, cue, text, said: Vec::new() };

    talk.say(&scans, &shows, to_shower.as_str(), first).await?;
    let (answered, second) = shows
        .hear(run, to_shower.as_str(), shower, |shower, message| {
            let (answered, out) = shower.answer(message, Some(now()), &mut room)?;
            Ok((answered, Bytes::copy_from_slice(out)))
        })
        .await?;
    talk.say(&shows, &scans, to_scanner.as_str(), second).await?;
    let (confirming, third) = scans
        .hear(run, to_scanner.as_str(), scanner, |scanner, message| {
            let (confirming, out) = scanner.confirm(message, Some(now()), &mut SysRng, &mut room)?;
            Ok((confirming, Bytes::copy_from_slice(out)))
        })
        .await?;
    talk.say(&scans, &shows, to_shower.as_str(), third).await?;
    let reply = shows
        .hear(run, to_shower.as_str(), answered, |answered, message| {
            match answered.reply(message, Some(now()), &mut SysRng, &mut room)? {
                Reply::Paired(paired, out) => Ok(Some((paired, Bytes::copy_from_slice(out)))),
                // Nobody of this company repeats himself.
                Reply::Again(..) => Ok(None),
            }
        })
        .await?;
    let (partner, fourth) = reply.context("a first word came twice")?;
    // Durably, and only then the last word.
    shows.pin(&partner)?;
    talk.say(&shows, &scans, to_scanner.as_str(), fourth).await?;
    let partner = scans
        .hear(run, to_scanner.as_str(), confirming, |confirming, message| {
            confirming.finish(message, Some(now()))
        })
        .await?;
    scans.pin(&partner)?;
    run.ledger.count(|chain| chain.paired += 1);
    Ok(())
}

/// What is said, and what was said before it.
struct Talk<'t> {
    run: &'t Run,
    cue: &'t mpsc::Sender<Cue>,
    text: String,
    said: Vec<Bytes>,
}

impl Talk<'_> {
    /// Says a word to `to`, after the attacker has had his turn with it.
    async fn say(&mut self, from: &End<'_>, to: &End<'_>, topic: &str, message: Bytes) -> Result<()> {
        let (done, acted) = oneshot::channel();
        let (code, said) = (self.text.clone(), self.said.clone());
        let scene = Scene { waits: to.role, topic: topic.into(), code, said };
        self.cue.send(Cue::Pairing(scene, done)).await.map_err(|_| anyhow!("the attacker has gone"))?;
        acted.await.context("the attacker has gone")?;
        self.run.ledger.genuine(&[to.role], topic, &message, Sent::Pairing);
        self.said.push(message.clone());
        delivered(from.link.publish(topic, message, false).await?).await
    }
}

impl End<'_> {
    /// Hears words until `step` takes one. Whatever it refuses changes nothing.
    async fn hear<S, T>(
        &mut self,
        run: &Run,
        topic: &str,
        mut state: S,
        mut step: impl FnMut(S, &mut [u8]) -> Result<T, Refused<S>>,
    ) -> Result<T> {
        loop {
            let message = self.link.inbox.recv().await.context("the broker has gone")?;
            self.link.acknowledge(&message).await?;
            if message.topic != topic.as_bytes() {
                continue;
            }
            let mut buffer = message.payload.to_vec();
            let outcome = step(state, &mut buffer);
            self.arrived(run, topic, &message, outcome.as_ref().map(drop).map_err(|refused| refused.error));
            match outcome {
                Ok(taken) => return Ok(taken),
                Err(refused) => state = refused.state,
            }
        }
    }

    fn arrived(&self, run: &Run, topic: &str, message: &Publish, outcome: Result<(), zegel::Error>) {
        run.ledger.arrived(self.role, mark(topic, &message.payload), outcome);
    }

    fn pin(&self, partner: &Paired) -> Result<()> {
        let mut transaction = self.store.begin()?;
        transaction.pin(partner.card_bytes())?;
        Ok(transaction.commit()?)
    }
}

const LIFETIME: u64 = 600;
