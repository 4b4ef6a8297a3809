//! What a request asks for, and why it is refused.

use std::net::{IpAddr, SocketAddr};

use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};

/// Largest head of a request that is answered: request line and headers, bytes.
const LARGEST_HEAD: usize = 8 << 10;

/// The page, and where it is.
pub struct Site {
    /// The page as HTML.
    pub page: Bytes,
    address: SocketAddr,
}

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The page.
    Page,
    /// Its events.
    Events,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request's head is too large: this page takes {LARGEST_HEAD} bytes at most")]
    Large,
    #[error("{0} is refused: the live page is for looking only, and answers GET alone")]
    Method(Method),
    #[error(
        "a request for {host:?} is refused: this page is http://{address}/. From another machine, bring its port there: \
         ssh -L {}:{address} THIS_MACHINE", address.port()
    )]
    Host { host: String, address: SocketAddr },
    #[error("there is no {0}: the live page is /, and its events are /events")]
    Path(String),
    #[error("{0} clients look on already, which is the most: close one of them first")]
    Full(usize),
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Large => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host { .. } => StatusCode::FORBIDDEN,
            Self::Path(_) => StatusCode::NOT_FOUND,
            Self::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Site {
    /// A page that is served at an address.
    pub fn new(page: Bytes, address: SocketAddr) -> Self {
        Self { page, address }
    }

    /// What a request asks for.
    ///
    /// # Errors
    /// The reason why it is refused.
    pub fn wanted<B>(&self, request: &Request<B>) -> Result<Wanted, Refusal> {
        let path = request.uri().path();
        let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
        if fields.sum::<usize>() + request.uri().to_string().len() > LARGEST_HEAD {
            return Err(Refusal::Large);
        }
        self.check_host(request.uri(), request.headers())?;
        match (request.method(), path) {
            (&Method::GET, "/") => Ok(Wanted::Page),
            (&Method::GET, "/events") => Ok(Wanted::Events),
            (&Method::GET, _) => Err(Refusal::Path(path.chars().take(80).collect())),
            (method, _) => Err(Refusal::Method(method.clone())),
        }
    }

    /// Checks that the request is meant for this page. A page of another name whose address was made to
    /// be ours (DNS rebinding) could read along otherwise; such a page never names us by our address.
    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let named = headers.get_all(HOST).iter().map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        let hosts: Vec<String> = named.chain(uri.authority().map(ToString::to_string)).collect();
        let foreign = |host: &&String| !self.is_own(host);
        match hosts.iter().find(foreign) {
            None if !hosts.is_empty() => Ok(()),
            other => {
                let host = other.map_or(String::new(), |host| host.chars().take(80).collect());
                Err(Refusal::Host { host, address: self.address })
            }
        }
    }

    /// Whether a host, with or without a port, is this page's. The port may differ: it may be
    /// forwarded.
    fn is_own(&self, host: &str) -> bool {
        let Some(host) = host.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)) else { return false };
        let own = self.address.ip();
        let local = own.is_loopback() || own.is_unspecified();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(ip) => own.is_unspecified() || ip == own || (own.is_loopback() && ip.is_loopback()),
            Err(_) => local && host.eq_ignore_ascii_case("localhost"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(address: &str, method: &str, uri: &str, hosts: &[&str]) -> Result<Wanted, StatusCode> {
        let site = Site::new(Bytes::new(), address.parse().unwrap());
        let mut request = Request::builder().method(method).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        site.wanted(&request.body(()).unwrap()).map_err(|refusal| refusal.status())
    }

    #[test]
    fn a_host_is_taken_by_its_address_alone_and_by_localhost_at_home() {
        let by = |address, host| wanted(address, "GET", "/", &[host]);
        for host in ["localhost", "LocalHost:8080", "127.0.0.1:8080", "127.0.0.1:9", "[::1]:8080", "127.0.0.2"] {
            assert_eq!(by("127.0.0.1:8080", host), Ok(Wanted::Page), "{host}");
        }
        for host in
            ["example.org", "localhost.example.org", "10.0.0.1", "127.0.0.1.nip.io", "localhost@evil", "", "a b"]
        {
            assert_eq!(by("127.0.0.1:8080", host), Err(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(by("10.0.0.1:80", "10.0.0.1"), Ok(Wanted::Page));
        assert_eq!(by("10.0.0.1:80", "localhost"), Err(StatusCode::FORBIDDEN));
        assert_eq!(by("0.0.0.0:80", "10.0.0.7:80"), Ok(Wanted::Page));
        assert_eq!(by("0.0.0.0:80", "robot.local"), Err(StatusCode::FORBIDDEN));
        // None, another one beside ours, and one in the request line.
        assert_eq!(wanted("127.0.0.1:80", "GET", "/", &[]), Err(StatusCode::FORBIDDEN));
        assert_eq!(wanted("127.0.0.1:80", "GET", "/", &["localhost", "evil"]), Err(StatusCode::FORBIDDEN));
        assert_eq!(wanted("127.0.0.1:80", "GET", "http://evil/", &["localhost"]), Err(StatusCode::FORBIDDEN));
    }

    #[test]
    fn there_are_two_addresses_and_one_method() {
        let by = |method, uri| wanted("127.0.0.1:80", method, uri, &["localhost"]);
        assert_eq!((by("GET", "/"), by("GET", "/?trial=3")), (Ok(Wanted::Page), Ok(Wanted::Page)));
        assert_eq!(by("GET", "/events"), Ok(Wanted::Events));
        for path in ["/../../etc/passwd", "/events/..", "//", "/%2e%2e/", "/page.css"] {
            assert_eq!(by("GET", path), Err(StatusCode::NOT_FOUND), "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "STOP"] {
            assert_eq!(by(method, "/"), Err(StatusCode::METHOD_NOT_ALLOWED), "{method}");
        }
        let long = format!("/{}", "a".repeat(LARGEST_HEAD));
        assert_eq!(by("GET", &long), Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
}
