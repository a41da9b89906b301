//! One run from the first subscription to the last account: who does what when, and when it is over.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::{Semaphore, mpsc, watch};

use super::attack::Role;
use super::company::{Company, Ended};
use super::eavesdropper::Overheard;
use super::link::Link;
use super::mallory::Cue;
use super::pgo::Order;
use super::run::Run;
use super::script::Way;
use super::wearable::{Life, Spent};
use super::{carer, eavesdropper, gp, link, mallory, pairing, pgo, wearable};

/// What the roles brought back.
pub(super) struct Played {
    pub(super) spent: Vec<Spent>,
    pub(super) heard: Overheard,
}

/// Plays the run. Whatever happens, a broker of others' is left as it was found.
pub(super) async fn play(run: &Arc<Run>, embedded: bool) -> Result<Played> {
    let mut company = Company::new(run);
    let played = acts(&mut company).await;
    company.tasks.shutdown().await;
    // The embedded one goes with the process.
    let tidied = if embedded { Ok(()) } else { clean_up(run).await };
    played?;
    tidied.context("cannot clean up at the broker")?;
    Ok(Played { spent: company.spent, heard: company.heard.unwrap_or_default() })
}

/// Removes from the broker what a run leaves there: the sessions, and what it retained.
async fn clean_up(run: &Run) -> Result<()> {
    let sweeper = Link::open(run, "sweeper").await?;
    for topic in run.topics.cards.iter().chain([&run.topics.pgo[0]]) {
        link::delivered(sweeper.publish(topic, bytes::Bytes::new(), true).await?).await?;
    }
    sweeper.close().await;
    for role in ROLES {
        link::forget(&run.broker, &run.client(role)).await?;
    }
    Ok(())
}

async fn acts(company: &mut Company) -> Result<()> {
    let run = &Arc::clone(&company.run);
    for install in [pgo::install, gp::install, carer::install, wearable::install] {
        install(run)?;
    }
    company.watch().await?;
    let (ready, mut subscribed) = mpsc::channel(4);
    let (done, until) = watch::channel(false);
    company.spawn(&ready, |run, ready| async move {
        eavesdropper::listen(&run, ready, until).await.map(Ended::Eavesdropper)
    });
    let (cue, cues) = mpsc::channel(1);
    company.spawn(&ready, |run, ready| async move {
        mallory::attack(&run, ready, cues).await.context("the attacker").map(|()| Ended::Mallory)
    });
    for _ in 0..2 {
        company.hear(&mut subscribed).await?;
    }

    let links = pairing::all(run, &cue).await.context("the pairing")?;
    let (met, know) = watch::channel(false);
    company.spawn(&ready, |run, ready| async move {
        gp::work(&run, links.gp, ready, know).await.context("the GP").map(|()| Ended::Gp)
    });
    company.spawn(&ready, |run, ready| async move {
        carer::work(&run, links.carer, ready).await.context("the carer").map(|()| Ended::Carer)
    });
    for _ in 0..2 {
        company.hear(&mut subscribed).await?;
    }
    // A broker keeps only so many messages for a receiver that is away: so many measurements may be under way.
    let pace = Arc::new(Semaphore::new(UNDER_WAY));
    let (fall, orders) = start_pgo(company, &ready, &pace, Some(links.pgo));
    company.hear(&mut subscribed).await?;
    drop(orders);

    let (over, _) = watch::channel(false);
    let sent = start_wearable(company, Life::First, &pace, &over);
    let early = run.script.measurements.iter().filter(|measured| measured.way != Way::Backlog).count() / 4;
    let opened = |company: &Company| company.run.ledger.lock().opened.get(&Role::Pgo).copied().unwrap_or(0);
    company.until("the first quarter", |company| opened(company) >= early.max(1)).await?;

    // The PGO falls over in the middle of it, and comes back from its files.
    fall.send_replace(true);
    company.until("the PGO falls", |company| company.pgo_fell).await?;
    company.buried(&["pgo", "pgo-out"]).await?;
    let (fall, orders) = start_pgo(company, &ready, &pace, None);
    company.hear(&mut subscribed).await?;
    company.act(&cue, Cue::Restarted).await?;
    met.send_replace(true);
    run.ledger.count(|chain| chain.met = true);

    company.until("the wearable holds back", |company| company.run.ledger.lock().chain.holds).await?;
    let _ = orders.send(Order::Rotate).await;
    company.until("the wearable is switched off", |company| company.spent.len() == 1).await?;
    company.buried(&["wearable", "wearable-cards"]).await?;
    drop(sent);
    let sent = start_wearable(company, Life::Second, &pace, &over);
    company.until("the wearable sends the rest", |_| *sent.borrow()).await?;

    company.until("everything arrives", |company| company.run.ledger.lock().settled()).await?;
    company.act(&cue, Cue::Finish).await?;
    company.until("every attack arrives", |company| company.run.ledger.lock().settled()).await?;
    let _ = orders.send(Order::Erase).await;
    company.until("the old key is erased", |company| company.run.ledger.lock().chain.erased > 0).await?;
    company.act(&cue, Cue::Erased).await?;
    company.until("the attacker ends", |company| company.attacked).await?;
    company.until("the last attack arrives", |company| company.run.ledger.lock().settled()).await?;
    company.quiet().await;

    done.send_replace(true);
    company.until("the eavesdropper reports", |company| company.heard.is_some()).await?;
    over.send_replace(true);
    company.until("the wearable ends", |company| company.spent.len() == 2).await?;
    fall.send_replace(true);
    company.until("the PGO ends", |company| company.pgo_fell).await
}

/// Starts the PGO, and gives what makes it fall, and change its keys.
fn start_pgo(
    company: &mut Company,
    ready: &mpsc::Sender<()>,
    pace: &Arc<Semaphore>,
    link: Option<Link>,
) -> (watch::Sender<bool>, mpsc::Sender<Order>) {
    company.pgo_fell = false;
    let (crash, fall) = watch::channel(false);
    let (order, orders) = mpsc::channel(1);
    let pace = Arc::clone(pace);
    company.spawn(ready, |run, ready| async move {
        pgo::work(&run, link, ready, &pace, fall, orders).await.context("the PGO").map(|()| Ended::Pgo)
    });
    (crash, order)
}

/// Switches the wearable on, and gives what says that it has sent everything.
fn start_wearable(
    company: &mut Company,
    life: Life,
    pace: &Arc<Semaphore>,
    over: &watch::Sender<bool>,
) -> watch::Receiver<bool> {
    let (done, sent) = watch::channel(false);
    let (pace, over, run) = (Arc::clone(pace), over.subscribe(), Arc::clone(&company.run));
    company.tasks.spawn(async move {
        let spent = wearable::live(&run, life, &pace, done, over).await;
        spent.context("the wearable").map(Ended::Wearable)
    });
    sent
}

const UNDER_WAY: usize = 200;
/// Everybody with a session at the broker.
const ROLES: [&str; 11] = [
    "wearable",
    "wearable-cards",
    "wearable-pair",
    "pgo",
    "pgo-out",
    "gp",
    "carer",
    "eavesdropper",
    "mallory",
    "sentinel",
    "sweeper",
];
