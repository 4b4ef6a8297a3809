//! Takes clients, serves each, and looks at the run for all of them.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::answer::{self, Events};
use super::request::{Refusal, Site, Wanted};
use crate::live::board::{Board, TICK};

/// What clients may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most clients at a time. As many again are told so.
    pub clients: usize,
    /// Longest time for the head of a request.
    pub head: Duration,
    /// Longest time for which a client takes nothing.
    pub stalled: Duration,
    /// Longest time for the last words when the run is over.
    pub last_words: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        let [head, stalled, last_words] = [5, 30, 1].map(Duration::from_secs);
        Self { clients: 16, head, stalled, last_words }
    }
}

/// What is buffered for a client at most, bytes: in this process, and about as much by the system.
const BUFFER: usize = 64 << 10;
/// Connections that wait to be taken.
const BACKLOG: u32 = 32;

/// Listens at an address.
///
/// # Errors
/// The system's error.
pub fn listen(runtime: &Runtime, address: SocketAddr) -> io::Result<TcpListener> {
    let _inside = runtime.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(BUFFER as u32)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the run is over.
pub fn serve(runtime: &Runtime, listener: TcpListener, site: Site, board: Board, bounds: Bounds) {
    LocalSet::new().block_on(runtime, attend(listener, Rc::new(site), Rc::new(RefCell::new(board)), bounds));
}

async fn attend(listener: TcpListener, site: Rc<Site>, board: Rc<RefCell<Board>>, bounds: Bounds) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if board.borrow_mut().look(Instant::now()) {
                    break;
                }
            }
            // What cannot be taken, e.g. for want of a file descriptor, is tried again after the tick.
            Ok((stream, _)) = listener.accept(), if clients.len() < 2 * bounds.clients => {
                let full = (clients.len() >= bounds.clients).then_some(Refusal::Full(bounds.clients));
                clients.spawn_local(client(stream, site.clone(), board.clone(), bounds, full));
            }
            Some(_) = clients.join_next() => {}
        }
    }
    // Who does not take the last words goes without.
    let _ = timeout(bounds.last_words, clients.join_all()).await;
}

/// Serves a client, or tells it why not.
async fn client(
    stream: TcpStream,
    site: Rc<Site>,
    board: Rc<RefCell<Board>>,
    bounds: Bounds,
    refusal: Option<Refusal>,
) {
    let taken = Rc::new(Cell::new(Instant::now()));
    let service = service_fn(|request: Request<Incoming>| {
        let wanted = refusal.clone().map_or_else(|| site.wanted(&request), Err);
        ready(Ok::<_, Infallible>(match wanted {
            Ok(Wanted::Page) => answer::page(site.page.clone()),
            Ok(Wanted::Events) => answer::events(Events::new(board.clone(), taken.clone())),
            Err(refusal) => answer::refused(&refusal),
        }))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head).keep_alive(false).max_buf_size(BUFFER);
    let served = http.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that breaks concerns its client alone.
        _ = served => {}
        () = stalled(&taken, bounds.stalled) => {}
    }
}

/// Returns once a client took nothing for so long.
async fn stalled(taken: &Cell<Instant>, longest: Duration) {
    while let Some(left) = longest.checked_sub(taken.get().elapsed()) {
        tokio::time::sleep(left.max(TICK)).await;
    }
}
