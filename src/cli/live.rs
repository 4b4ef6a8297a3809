//! The options of the live page.

use std::net::IpAddr;

use clap::Args;

use crate::live::LiveConfig;

/// Where a page shows the run while it goes on.
#[derive(Args)]
#[command(next_help_heading = "Live page")]
pub struct LiveArguments {
    /// Show the run in the browser while it goes on: arm, phase, verdicts, curves, lateness. The page's
    /// address is printed. It is for looking only
    #[arg(long)]
    live: bool,

    /// Port of the live page; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "live")]
    live_port: u16,

    /// Address of the live page. One that the network reaches needs --live-to-network
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", requires = "live")]
    live_address: IpAddr,

    /// Let others on the network look on: there is no password and no encryption
    #[arg(long, requires = "live")]
    live_to_network: bool,
}

impl LiveArguments {
    /// Where the page is to be; `None` for no page.
    pub fn config(&self) -> Option<LiveConfig> {
        let Self { live, live_port: port, live_address: address, live_to_network: to_network } = *self;
        live.then_some(LiveConfig { address, port, to_network })
    }
}
