//! The wearable: minimises each measurement, seals it and publishes it with QoS 1 (SPEC §4, §6, §10).
//!
//! It lives twice. In its first life it seals some measurements alone, begins a session, and another one when the PGO
//! has changed its key; then it is switched off. In its second it begins a third, and delivers a week's backlog.

mod cards;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use rumqttc::PublishNotice;
use tokio::sync::{Semaphore, watch};
use zegel::{Card, Format, GroupSealer, Measurement, Sealer, Session, SessionLimits, rng::SysRng};
use zegel_store::{Sequence, Store};

use super::attack::Role;
use super::ledger::Sent;
use super::link::{Link, delivered};
use super::run::{Run, now};
use super::script::{Measured, Way};

/// What it sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    pub(super) sizes: Vec<Sizes>,
    /// Bytes of each keyframe and each manifest.
    pub(super) keyframes: Vec<usize>,
    pub(super) manifests: Vec<usize>,
    /// Measurements that were sealed before the PGO's new card came, and published after it.
    pub(super) held: usize,
    /// Whether a message overtook its keyframe.
    pub(super) overtook: bool,
    /// The first number that a life did not use, and the first one that the next life did.
    pub(super) left_off: u64,
    pub(super) went_on: u64,
}

/// What leaving cost, for one measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) way: Way,
    pub(super) measurement: usize,
    pub(super) envelope: usize,
}

/// Which of its two lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    First,
    Second,
}

/// Makes the wearable's state; whom it trusts it learns by pairing, but for one of former days.
pub(super) fn install(run: &Run) -> Result<()> {
    let store = state(run, true)?;
    let mut transaction = store.begin()?;
    transaction.pin(&run.cast.former.encoded)?;
    transaction.commit()?;
    Ok(())
}

/// Opens the wearable's state.
pub(super) fn state(run: &Run, new: bool) -> Result<Store> {
    let path = run.state("wearable.state");
    let store = if new { Store::create(path) } else { Store::open(path) };
    store.context("the wearable's state")
}

/// Lives once, and is switched off: without a goodbye. `pace` holds it back while much is under way: the recording is
/// played many times faster than life, and a broker keeps only so many messages for a receiver that is away. The
/// second life listens for cards until it is `over`.
pub(super) async fn live(
    run: &Run,
    life: Life,
    pace: &Semaphore,
    done: watch::Sender<bool>,
    mut over: watch::Receiver<bool>,
) -> Result<Spent> {
    let store = state(run, false)?;
    let mut ear = Link::open(run, "wearable-cards").await?;
    if life == Life::First {
        ear.subscribe(&format!("{}/k/+", run.topics.prefix)).await?;
    }
    let link = Link::open(run, "wearable").await?;
    let (tell, newer) = watch::channel(None);
    let mut device = Device { run, store: &store, link, pace, notices: Vec::new(), spent: Spent::default() };
    tokio::select! {
        sent = async {
            match life {
                Life::First => device.first(newer).await,
                Life::Second => {
                    device.second().await?;
                    done.send_replace(true);
                    over.wait_for(|over| *over).await.map(drop).context("the run has ended")
                }
            }
        } => sent?,
        followed = cards::follow(run, &store, &mut ear, tell) => {
            followed?;
            bail!("the broker has gone");
        }
    }
    let Device { link, spent, .. } = device;
    link.crash().await;
    ear.crash().await;
    Ok(spent)
}

struct Device<'r> {
    run: &'r Run,
    store: &'r Store,
    link: Link,
    pace: &'r Semaphore,
    notices: Vec<PublishNotice>,
    spent: Spent,
}

/// A session, and the sealer for two.
struct Sealing<'k> {
    session: Session<'k, Sequence>,
    group: GroupSealer<'k, Sequence>,
}

/// A message that is sealed and not published.
struct Ready {
    topic: String,
    bytes: Vec<u8>,
}

impl<'r> Device<'r> {
    async fn first(&mut self, mut newer: watch::Receiver<Option<Card>>) -> Result<()> {
        let run = self.run;
        let cards = self.pinned()?;
        let numbers = self.store.sequence();
        let mut sealer =
            Sealer::new(&run.cast.wearable.identity, &cards[0], Some(now()), numbers)?.precompute();
        for (index, measured) in run.script.by(Way::Alone) {
            self.wait().await?;
            let topic = &run.topics.pgo[0];
            let (time, pack) = (measured.time, &measured.pack);
            let envelope = sealer.seal_pack(topic, time, pack, &run.script.policy, &mut SysRng)?;
            let ready = self.sealed(topic, envelope, index, measured);
            self.publish(ready).await?;
        }
        let live = self.live_part();
        let (before, after) = (live.len().div_ceil(3), live.len() * 2 / 3);
        let (before, after) = (&live[..before], &live[before..after.max(before)]);

        let mut sealing = self.begin(sealer, &cards).await?;
        let held = before.len() - HELD.min(before.len());
        for (index, measured) in &before[..held] {
            self.say(&mut sealing, *index, measured).await?;
        }
        // The last ones are sealed, and then there is no network until the PGO has a new key.
        let mut ready = Vec::new();
        for (index, measured) in &before[held..] {
            self.wait().await?;
            ready.push(self.seal(&mut sealing, *index, measured)?);
            ready.extend(self.manifest_if_due(&mut sealing)?);
        }
        ready.extend(self.manifest(&mut sealing)?);
        self.spent.held = before.len() - held;
        run.ledger.count(|chain| chain.holds = true);
        let newer = newer.wait_for(Option::is_some).await.context("nobody looks for cards")?.clone();
        let card = newer.context("no card came")?;
        for ready in ready {
            self.publish(ready).await?;
        }

        // The keys of the session hang from the old key: it ends, and another one begins.
        let mut sealer = sealing.session.end();
        sealer.renew(&card, Some(now()))?;
        let cards = [card, cards[1].clone()];
        let mut sealing = self.begin(sealer, &cards).await?;
        for (index, measured) in after {
            self.say(&mut sealing, *index, measured).await?;
        }
        if let Some(ready) = self.manifest(&mut sealing)? {
            self.publish(ready).await?;
        }
        self.spent.left_off = sealing.session.end().next_sequence()?;
        self.delivered().await
    }

    async fn second(&mut self) -> Result<()> {
        let run = self.run;
        let cards = self.pinned()?;
        if cards[0].serial() == run.cast.pgo.card.serial() {
            run.ledger.fault("the wearable forgot the PGO's newer card when it was switched off".into());
        }
        let numbers = self.store.sequence();
        let mut sealer =
            Sealer::new(&run.cast.wearable.identity, &cards[0], Some(now()), numbers)?.precompute();
        self.spent.went_on = sealer.next_sequence()?;
        let live = self.live_part();
        let late = run.script.by(Way::Backlog);
        let rest: Vec<_> =
            live[(live.len() * 2 / 3).max(live.len().div_ceil(3))..].iter().copied().chain(late).collect();

        let (mut sealing, keyframe) = self.sealing(sealer, &cards)?;
        let mut keyframe = Some(keyframe);
        for (index, measured) in rest {
            self.wait().await?;
            let ready = self.seal(&mut sealing, index, measured)?;
            let in_session = measured.way != Way::Group;
            self.publish(ready).await?;
            // The first message overtakes the keyframe.
            if in_session && let Some(keyframe) = keyframe.take() {
                self.publish(keyframe).await?;
                self.spent.overtook = true;
            }
            if let Some(ready) = self.manifest_if_due(&mut sealing)? {
                self.publish(ready).await?;
            }
        }
        let last = self.manifest(&mut sealing)?;
        for ready in keyframe.into_iter().chain(last) {
            self.publish(ready).await?;
        }
        self.delivered().await
    }

    /// The cards of the PGO and the carer, as they are pinned.
    fn pinned(&self) -> Result<[Card; 2]> {
        let card = |id| self.store.card(id)?.context("somebody is not paired");
        let cast = &self.run.cast;
        Ok([card(cast.pgo.card.id())?, card(cast.carer.card.id())?])
    }

    /// What is measured while the sessions run, for one recipient or for two.
    fn live_part(&self) -> Vec<(usize, &'r Measured)> {
        let live = |measured: &Measured| matches!(measured.way, Way::Session | Way::Group);
        self.run.script.measurements.iter().enumerate().filter(|(_, measured)| live(measured)).collect()
    }

    /// Begins a session, and publishes its keyframe.
    async fn begin<'k>(&mut self, sealer: Sealer<'k, Sequence>, cards: &'k [Card]) -> Result<Sealing<'k>>
    where
        'r: 'k,
    {
        let (sealing, keyframe) = self.sealing(sealer, cards)?;
        self.publish(keyframe).await?;
        Ok(sealing)
    }

    fn sealing<'k>(&mut self, sealer: Sealer<'k, Sequence>, cards: &'k [Card]) -> Result<(Sealing<'k>, Ready)>
    where
        'r: 'k,
    {
        let topic = &self.run.topics.pgo[0];
        let limits = SessionLimits::default();
        let (session, keyframe) = Session::begin_to_vec(sealer, topic, Some(now()), limits, &mut SysRng)
            .map_err(|refused| refused.error)?;
        // Of what goes to two, few is sealed: it reserves as few numbers, and leaves none when it is switched off.
        let numbers = self.store.sequence().ahead(1);
        let group = GroupSealer::new(&self.run.cast.wearable.identity, cards, Some(now()), numbers)?;
        self.spent.keyframes.push(keyframe.len());
        self.enter(topic, &keyframe, Sent::Keyframe);
        Ok((Sealing { session, group }, Ready { topic: topic.clone(), bytes: keyframe }))
    }

    /// Seals and publishes one measurement, and the manifest that is due after it.
    async fn say(&mut self, sealing: &mut Sealing<'_>, index: usize, measured: &Measured) -> Result<()> {
        self.wait().await?;
        let ready = self.seal(sealing, index, measured)?;
        self.publish(ready).await?;
        match self.manifest_if_due(sealing)? {
            Some(manifest) => self.publish(manifest).await,
            None => Ok(()),
        }
    }

    fn seal(&mut self, sealing: &mut Sealing<'_>, index: usize, measured: &Measured) -> Result<Ready> {
        let topics = &self.run.topics;
        let measurement =
            Measurement { time: measured.time, format: Format::SENML_CBOR, body: &measured.body };
        let (topic, bytes) = match measured.way {
            Way::Group => {
                (&topics.group, sealing.group.seal_to_vec(&topics.group, &measurement, &mut SysRng)?)
            }
            _ => (&topics.pgo[0], sealing.session.seal_to_vec(&topics.pgo[0], &measurement, Some(now()))?),
        };
        Ok(self.sealed(topic, bytes, index, measured))
    }

    fn manifest_if_due(&mut self, sealing: &mut Sealing<'_>) -> Result<Option<Ready>> {
        if sealing.session.manifest_due() { self.manifest(sealing) } else { Ok(None) }
    }

    /// Signs what no manifest has signed yet.
    fn manifest(&mut self, sealing: &mut Sealing<'_>) -> Result<Option<Ready>> {
        if sealing.session.unsigned() == 0 {
            return Ok(None);
        }
        let topic = &self.run.topics.pgo[0];
        let bytes = sealing.session.manifest_to_vec(topic, &mut SysRng)?;
        self.spent.manifests.push(bytes.len());
        self.enter(topic, &bytes, Sent::Manifest);
        Ok(Some(Ready { topic: topic.clone(), bytes }))
    }

    fn sealed(&mut self, topic: &str, bytes: Vec<u8>, index: usize, measured: &Measured) -> Ready {
        let (measurement, envelope) = (measured.body.len(), bytes.len());
        self.spent.sizes.push(Sizes { way: measured.way, measurement, envelope });
        self.enter(topic, &bytes, Sent::Measurement(index));
        Ready { topic: topic.into(), bytes }
    }

    fn enter(&self, topic: &str, bytes: &[u8], what: Sent) {
        let readers: &[Role] = self.run.topics.readers(topic);
        self.run.ledger.genuine(readers, topic, bytes, what);
    }

    async fn wait(&self) -> Result<()> {
        self.pace.acquire().await.context("the run has ended")?.forget();
        Ok(())
    }

    async fn publish(&mut self, ready: Ready) -> Result<()> {
        self.notices.push(self.link.publish(&ready.topic, Bytes::from(ready.bytes), false).await?);
        Ok(())
    }

    async fn delivered(&mut self) -> Result<()> {
        for notice in self.notices.drain(..) {
            delivered(notice).await?;
        }
        Ok(())
    }
}

/// So many are sealed before the PGO's new card comes, and published after it.
const HELD: usize = 8;
