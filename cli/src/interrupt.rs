//! Ctrl-C and a request to end, noticed between two steps instead of in the middle of one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Builder;

/// Whether somebody wants the command to end.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. The thread that does so ends with the process.
    pub(crate) fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
        let told = Arc::clone(&asked);
        // Installed here and not in the thread: a signal that comes at once is noticed too.
        #[cfg(unix)]
        let (mut interrupted, mut ended) = {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                #[cfg(unix)]
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = ended.recv() => {}
                }
                #[cfg(not(unix))]
                let _ = tokio::signal::ctrl_c().await;
            });
            told.store(true, Ordering::SeqCst);
        });
        Ok(Self(asked))
    }

    /// An error once somebody has asked for the end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) {
            bail!("interrupted");
        }
        Ok(())
    }
}
