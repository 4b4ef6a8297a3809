//! Where the live page is served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::setup::ConfigError;
use crate::storage::StorageError;
use crate::tasks::TaskError;

/// Where the live page is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveConfig {
    /// The address; one of this machine alone unless [`Self::to_network`].
    pub address: IpAddr,
    /// The port; 0 for any that is free.
    pub port: u16,
    /// Whether others on the network may look on.
    pub to_network: bool,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into(), port: 0, to_network: false }
    }
}

impl LiveConfig {
    /// Address and port.
    pub fn socket(&self) -> SocketAddr {
        (self.address, self.port).into()
    }

    /// Checks that the network does not reach the page without leave.
    ///
    /// # Errors
    /// [`LiveError::Reachable`].
    pub fn check(&self) -> Result<(), LiveError> {
        let Self { address, to_network, .. } = *self;
        if address.is_loopback() || to_network { Ok(()) } else { Err(LiveError::Reachable { address }) }
    }
}

/// Why there is no live page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The network reaches the address.
    #[error(
        "the live page at {address} is refused: there is no password and no encryption, so whoever reaches this machine could \
         look on. Keep 127.0.0.1 and look on through `ssh -L`, or give leave"
    )]
    Reachable {
        /// The address.
        address: IpAddr,
    },
    /// The address or the port cannot be taken.
    #[error("the live page cannot be served at {address}: {source}. Choose another port, or 0 for any that is free")]
    Bind {
        /// Address and port.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The system refused a thread or what it needs.
    #[error("the live page's thread could not be started: {0}")]
    System(std::io::Error),
    /// The setup cannot be drawn.
    #[error(transparent)]
    Setup(#[from] ConfigError),
    /// The task cannot be made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The run's files cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The page's data have no JSON form.
    #[error("the live page cannot be made: {0}")]
    Page(#[from] serde_json::Error),
}
