//! The wearable: minimises each measurement, seals it for the PGO and publishes it with QoS 1.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::Semaphore;
use zegel::{Sealer, rng::SysRng};
use zegel_store::Store;

use super::attack::Role;
use super::link::{Link, delivered};
use super::run::{Run, now};

/// What leaving cost, for one measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) measurement: usize,
    pub(super) envelope: usize,
}

/// Sends the whole script. `pace` holds it back while much is under way: the recording is played many times
/// faster than life, and a broker keeps only so many messages for a receiver that is away.
pub(super) async fn play(run: &Run, pace: &Semaphore) -> Result<Vec<Sizes>> {
    let state = Store::create(run.state("wearable.state"))?;
    let wearable = &run.cast.wearable.identity;
    let mut sealer = Sealer::new(wearable, &run.cast.pgo.card, Some(now()), state.sequence())?.precompute();
    let link = Link::open(&run.broker, &run.client("wearable")).await?;
    let topic = &run.topics.pgo[0];

    let mut sizes = Vec::new();
    let mut notices = Vec::new();
    for (index, measured) in run.script.measurements.iter().enumerate() {
        pace.acquire().await.context("the run has ended")?.forget();
        let envelope =
            sealer.seal_pack(topic, measured.time, &measured.pack, &run.script.policy, &mut SysRng)?;
        sizes.push(Sizes { measurement: measured.body.len(), envelope: envelope.len() });
        run.ledger.measurement(Role::Pgo, topic, &envelope, index);
        notices.push(link.publish(topic, Bytes::from(envelope), false).await?);
    }
    for notice in notices {
        delivered(notice).await?;
    }
    link.close().await;
    Ok(sizes)
}
