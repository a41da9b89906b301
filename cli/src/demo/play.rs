//! One run from the first subscription to the last account: who starts when, and when it is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::attack::Role;
use super::eavesdropper::Overheard;
use super::mallory::Cue;
use super::run::Run;
use super::wearable::Sizes;
use super::{eavesdropper, gp, link, mallory, pgo, wearable};

/// What the roles brought back.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) sizes: Vec<Sizes>,
    pub(super) heard: Overheard,
}

/// Plays the run. Whatever happens, the broker is left as it was found.
pub(super) async fn play(run: &Arc<Run>) -> Result<Played> {
    let mut company = Company::new(run);
    let played = company.acts().await;
    company.tasks.shutdown().await;
    let tidied = clean_up(run).await;
    played?;
    tidied.context("cannot clean up at the broker")?;
    Ok(company.played)
}

/// Removes from the broker what a run leaves there: the sessions, and what it retained.
pub(super) async fn clean_up(run: &Run) -> Result<()> {
    let sweeper = link::Link::open(&run.broker, &run.client("sweeper")).await?;
    link::delivered(sweeper.publish(&run.topics.pgo[0], bytes::Bytes::new(), true).await?).await?;
    sweeper.close().await;
    for role in ["wearable", "pgo", "pgo-out", "gp", "eavesdropper", "mallory", "sweeper"] {
        link::forget(&run.broker, &run.client(role)).await?;
    }
    Ok(())
}

/// The roles at work.
struct Company {
    run: Arc<Run>,
    tasks: JoinSet<Result<Ended>>,
    played: Played,
    sent: bool,
    heard: bool,
    attacked: bool,
    pgo_fell: bool,
    pace: Arc<Semaphore>,
}

/// Who has ended, with what he brings back.
enum Ended {
    Wearable(Vec<Sizes>),
    Pgo,
    Gp,
    Eavesdropper(Overheard),
    Mallory,
}

impl Company {
    fn new(run: &Arc<Run>) -> Self {
        Self {
            run: Arc::clone(run),
            tasks: JoinSet::new(),
            played: Played::default(),
            sent: false,
            heard: false,
            attacked: false,
            pgo_fell: false,
            pace: Arc::new(Semaphore::new(UNDER_WAY)),
        }
    }

    async fn acts(&mut self) -> Result<()> {
        pgo::install(&self.run)?;
        gp::install(&self.run)?;
        let (ready, mut subscribed) = mpsc::channel(4);
        let (done, until) = watch::channel(false);
        let (run, tell) = (Arc::clone(&self.run), ready.clone());
        self.tasks
            .spawn(async move { eavesdropper::listen(&run, tell, until).await.map(Ended::Eavesdropper) });
        let (run, tell) = (Arc::clone(&self.run), ready.clone());
        self.tasks.spawn(async move { gp::work(&run, tell).await.context("the GP").map(|()| Ended::Gp) });
        let (cue, cues) = mpsc::channel(1);
        let (run, tell) = (Arc::clone(&self.run), ready.clone());
        self.tasks.spawn(async move {
            mallory::attack(&run, tell, cues).await.context("the attacker").map(|()| Ended::Mallory)
        });
        let crash = self.start_pgo(ready, false);
        for _ in 0..4 {
            self.hear(&mut subscribed).await?;
        }

        let (run, pace) = (Arc::clone(&self.run), Arc::clone(&self.pace));
        self.tasks.spawn(async move {
            wearable::play(&run, &pace).await.context("the wearable").map(Ended::Wearable)
        });
        let half = self.run.script.measurements.len().div_ceil(2);
        let opened = |this: &Self| this.run.ledger.lock().opened.get(&Role::Pgo).copied().unwrap_or(0);
        self.until("the first half", |this| opened(this) >= half).await?;

        // The PGO falls over in the middle of it, and comes back from its files.
        crash.send_replace(true);
        self.until("the PGO falls", |this| this.pgo_fell).await?;
        // A process needs a moment to start; the embedded broker needs one to see that the old one is gone.
        sleep(RESTART).await;
        let (ready, mut subscribed) = mpsc::channel(1);
        let crash = self.start_pgo(ready, true);
        self.hear(&mut subscribed).await?;
        self.act(&cue, Cue::Restarted).await?;

        self.until("the wearable sends the rest", |this| this.sent).await?;
        self.act(&cue, Cue::Finish).await?;
        self.until("the attacker ends", |this| this.attacked).await?;
        self.until("everything arrives", |this| this.run.ledger.lock().settled()).await?;
        self.quiet().await;

        done.send_replace(true);
        self.until("the eavesdropper reports", |this| this.heard).await?;
        crash.send_replace(true);
        self.until("the PGO ends", |this| this.pgo_fell).await
    }

    /// Starts the PGO, and gives what makes it fall.
    fn start_pgo(&mut self, ready: mpsc::Sender<()>, resume: bool) -> watch::Sender<bool> {
        self.pgo_fell = false;
        let (crash, fall) = watch::channel(false);
        let (run, pace) = (Arc::clone(&self.run), Arc::clone(&self.pace));
        self.tasks.spawn(async move {
            pgo::work(&run, resume, ready, &pace, fall).await.context("the PGO").map(|()| Ended::Pgo)
        });
        crash
    }

    /// Waits for one role to say that it is subscribed.
    async fn hear(&mut self, subscribed: &mut mpsc::Receiver<()>) -> Result<()> {
        tokio::select! {
            told = timeout(STANDSTILL, subscribed.recv()) => if let Ok(Some(())) = told {
                return Ok(());
            },
            Some(ended) = self.tasks.join_next() => {
                ended??;
            }
        }
        // Whoever could not start says why.
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Err(anyhow!("the demo does not start"))
    }

    async fn act(
        &mut self,
        cue: &mpsc::Sender<Cue>,
        what: impl Fn(oneshot::Sender<()>) -> Cue,
    ) -> Result<()> {
        let (done, mut heard) = oneshot::channel();
        if cue.send(what(done)).await.is_ok() {
            let over = std::cell::Cell::new(false);
            self.until("the attacker acts", |_| {
                // Its end is told by an error here, when it fell instead.
                over.set(over.get() || !matches!(heard.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
                over.get()
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until `reached`, as long as anything moves. A standstill is a fault for the verdict to weigh, and
    /// no reason not to give one.
    async fn until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) -> Result<()> {
        let (mut changes, mut since) = (self.run.ledger.lock().changes, Instant::now());
        while !reached(self) {
            match timeout(Duration::from_millis(5), self.tasks.join_next()).await {
                Ok(Some(ended)) => self.note(ended??)?,
                Ok(None) => sleep(Duration::from_millis(5)).await,
                Err(_) => {}
            }
            let now = self.run.ledger.lock().changes;
            if now != changes {
                (changes, since) = (now, Instant::now());
            } else if since.elapsed() > STANDSTILL {
                self.run.ledger.fault(format!("a standstill: {what}"));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whatever comes twice would come now.
    async fn quiet(&self) {
        let mut last = 0;
        loop {
            let changes = self.run.ledger.lock().changes;
            if changes == last {
                return;
            }
            last = changes;
            sleep(QUIET).await;
        }
    }

    fn note(&mut self, ended: Ended) -> Result<()> {
        match ended {
            Ended::Wearable(sizes) => {
                self.played.sizes = sizes;
                self.sent = true;
            }
            Ended::Eavesdropper(heard) => {
                self.played.heard = heard;
                self.heard = true;
            }
            Ended::Mallory => self.attacked = true,
            Ended::Pgo => self.pgo_fell = true,
            Ended::Gp => return Err(anyhow!("the GP ended too early")),
        }
        Ok(())
    }
}

/// So many measurements may be on their way at once: less than any broker keeps for a receiver that is away.
const UNDER_WAY: usize = 200;
/// When nothing has moved for so long, nothing more will.
const STANDSTILL: Duration = Duration::from_secs(30);
const RESTART: Duration = Duration::from_millis(400);
const QUIET: Duration = Duration::from_millis(150);
