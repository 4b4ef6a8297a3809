//! The live page: the page of the report, fed while a run goes on, and served over HTTP from a thread
//! of its own. It is for looking only: nothing that comes in over HTTP reaches the supervisor or the
//! loop.
//!
//! ```text
//! loop        -- LoopView (triple buffer, ring) --> |
//! supervisor  -- Feed (newest trial, iterations) -> | Board -- 25 times a second --> clients
//! ```

mod board;
mod config;
mod feed;
mod http;
mod lateness;

use std::net::SocketAddr;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tracing::info;

pub use config::{LiveConfig, LiveError};
pub use feed::Feed;

use self::board::Board;
use self::http::{Bounds, Site};
use crate::report::page::{LivePage as Data, PageArm, PageData, PageJoint, PageScene, page};
use crate::setup::Setup;
use crate::storage::RunView;

/// The address of a live page, taken and not yet served.
pub struct Door {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

/// A page that is served until it is dropped.
pub struct LivePage {
    address: SocketAddr,
    feed: Feed,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Takes the address.
    ///
    /// # Errors
    /// An address that the network reaches without leave, or one that cannot be taken.
    pub fn open(config: LiveConfig) -> Result<Self, LiveError> {
        config.check()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LiveError::System)?;
        let bind = |source| LiveError::Bind { address: config.socket(), source };
        let listener = http::listen(&runtime, config.socket()).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { runtime, listener, address })
    }

    /// Serves the page of a run there.
    ///
    /// # Errors
    /// A run whose files cannot be read, or a system without a thread left.
    pub fn serve(self, setup: &Setup, run: &RunView) -> Result<LivePage, LiveError> {
        let Self { runtime, listener, address } = self;
        let feed = Feed::default();
        let board = Board::new(setup.task()?, run.info().started, feed.clone());
        let data = Data {
            title: format!("{}, seed {}", setup.title(), setup.config.run.seed),
            info: run.info().clone(),
            config: run.config()?,
            joints: PageJoint::all(&setup.model, &setup.config.control.limits),
            arm: PageArm::new(&setup.arm()?),
            scene: PageScene::from(&board.surroundings()),
        };
        let html = page(&PageData::Live(&data))?.into();
        let thread = std::thread::Builder::new().name("live_page".into()).spawn(move || {
            http::serve(&runtime, listener, Site::new(html, address), board, Bounds::default());
        });
        info!("live page: http://{address}/");
        Ok(LivePage { address, feed, thread: Some(thread.map_err(LiveError::System)?) })
    }
}

impl LivePage {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What feeds it.
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }
}

/// Tells the clients that the run is over.
impl Drop for LivePage {
    fn drop(&mut self) {
        self.feed.end();
        // A panic was reported by its own thread.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
