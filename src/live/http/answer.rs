//! Answers, and the bodies that they have.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::request::Refusal;
use crate::live::board::{Board, Seen, TICK};

/// The page may do nothing but run its own code and ask for its events.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The body of an answer.
pub enum Content {
    /// A text, until it was taken.
    Whole(Option<Bytes>),
    /// Events until the run is over.
    Events(Events),
}

/// Events for one client. Each is made as the connection takes it, so that a slow client gets fewer
/// and none waits for it.
pub struct Events {
    board: Rc<RefCell<Board>>,
    seen: Seen,
    ticks: Interval,
    /// When the connection took something last.
    taken: Rc<Cell<Instant>>,
}

impl Events {
    pub fn new(board: Rc<RefCell<Board>>, taken: Rc<Cell<Instant>>) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { board, seen: Seen::default(), ticks, taken }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = match &mut *self {
            Self::Whole(text) => return Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Events(events) => events,
        };
        loop {
            events.taken.set(Instant::now());
            let next = events.board.borrow().next(&mut events.seen);
            if next.is_some() || events.seen.is_told_the_end() {
                return Poll::Ready(next.map(|event| Ok(Frame::data(event))));
            }
            ready!(events.ticks.poll_tick(context));
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// The page.
pub fn page(html: Bytes) -> Response<Content> {
    answer(StatusCode::OK, "text/html; charset=utf-8", Content::Whole(Some(html)))
}

/// Its events.
pub fn events(events: Events) -> Response<Content> {
    answer(StatusCode::OK, "text/event-stream", Content::Events(events))
}

/// A refusal, in words.
pub fn refused(refusal: &Refusal) -> Response<Content> {
    let text = Content::Whole(Some(format!("{refusal}\n").into()));
    let mut response = answer(refusal.status(), "text/plain; charset=utf-8", text);
    if matches!(refusal, Refusal::Method(_)) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}
