//! The live page over plain sockets: what is refused, what clients of every kind cost, and that the run does
//! not notice.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moto_controller::commands::{DryRunOptions, dry_run};
use moto_controller::control::Episode;
use moto_controller::live::{Door, Feed, LiveConfig, LivePage};
use moto_controller::report::{IterationMetrics, PerStep, Summary, Timing};
use moto_controller::setup::Setup;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{RunFolder, RunInfo, RunView, TrialEnd, TrialMeta};
use moto_controller::supervisor::{Beginning, ConfigSource};
use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/double_link.yaml");
/// Most clients at a time.
const MOST: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);

/// A page of a run without a loop.
struct Served {
    page: LivePage,
    feed: Feed,
    _place: TempDir,
}

fn served() -> Served {
    let setup = Setup::load(Path::new(CONFIG), |_| {}).unwrap();
    let place = tempfile::tempdir().unwrap();
    let info = RunInfo {
        robot: setup.model.name().into(),
        task: "swing_up".into(),
        seed: 1,
        version: String::new(),
        command_line: vec!["moto_controller".into()],
        started: 7,
        settings: Value::Null,
    };
    let folder = RunFolder::create(Arc::new(Disk), &place.path().join("run"), info, "run: {}\n", "").unwrap();
    let page = Door::open(LiveConfig::default()).unwrap().serve(&setup, folder.view()).unwrap();
    Served { feed: page.feed(), page, _place: place }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The whole answer to a request.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// A client of the events; `None` if it is refused.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: SocketAddr) -> Option<Self> {
        let mut stream = connect(address);
        stream.write_all(format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
        let mut client = Self(BufReader::new(stream));
        client.line().starts_with("HTTP/1.1 200").then_some(client)
    }

    /// Waits for a place.
    fn patient(address: SocketAddr) -> Self {
        std::iter::repeat_with(|| Self::new(address)).flatten().next().unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// Data of the next event of a name; `None` at the end of the stream.
    fn next(&mut self, name: &str) -> Option<Value> {
        let wanted = format!("event: {name}\n");
        loop {
            let line = self.line();
            if line.is_empty() {
                return None;
            }
            if line == wanted {
                return Some(serde_json::from_str(self.line().strip_prefix("data: ").unwrap()).unwrap());
            }
        }
    }
}

fn iteration(iteration: u64) -> IterationMetrics {
    IterationMetrics {
        iteration,
        episodes: iteration,
        return_: Summary::of(&[1.]),
        return_std: 0.,
        success: 0.5,
        distance: None,
        clipped_share: 0.,
        predicted_improvement: None,
        measured_improvement: None,
        summary: PerStep::default().summary(),
        steps: PerStep::default(),
        broken_off: 0,
        discarded: vec![],
        guard: None,
        remark: None,
        timing: Timing::default(),
    }
}

/// A trial whose event has about `200 * joints` numbers.
fn trial(number: u64, joints: usize) -> (TrialMeta, Arc<Episode>) {
    let time: Vec<_> = (0..200).map(Duration::from_millis).collect();
    let position = (0..200 * joints).map(|i| i as f64 / 7.).collect();
    let meta = TrialMeta {
        trial: number,
        robot: String::new(),
        task: String::new(),
        joint_names: vec![],
        seed: 1,
        iteration: 1,
        rollout: 0,
        evaluation: false,
        end: TrialEnd::Completed,
        total_reward: Some(1.),
        success: Some(true),
        distance: None,
        outcomes: vec![],
        outcome_dim: 0,
        wall_start: Duration::ZERO,
        step_period: Duration::from_millis(10),
        latency: None,
        observed: vec![],
    };
    (meta, Arc::new(Episode { joints, time, position, ..Episode::default() }))
}

#[test]
fn what_is_not_its_own_is_refused_in_words() {
    let served = served();
    let address = served.page.address();
    let host = format!("Host: {address}");
    let refused = |request: &str, status: &str, words: &str| {
        let answer = ask(address, request);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request:.60}: {answer}");
        assert!(answer.contains(words), "{request:.60}: {answer}");
    };
    refused(&format!("GET /../../etc/passwd HTTP/1.1\r\n{host}\r\n\r\n"), "404", "the live page is /");
    refused(&format!("GET /%2e%2e/run.json HTTP/1.1\r\n{host}\r\n\r\n"), "404", "the live page is /");
    refused("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "403", "a request for \"example.org\" is refused");
    refused("GET /events HTTP/1.1\r\nHost: example.org\r\n\r\n", "403", "ssh -L");
    refused("GET / HTTP/1.0\r\n\r\n", "403", "refused");
    refused(&format!("POST /stop HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n"), "405", "for looking only");
    let long = "a".repeat(20_000);
    refused(&format!("GET / HTTP/1.1\r\n{host}\r\nCookie: {long}\r\n\r\n"), "431", "too large");
    let many = "A: b\r\n".repeat(90);
    assert!(ask(address, &format!("GET / HTTP/1.1\r\n{host}\r\n{many}\r\n")).starts_with("HTTP/1.1 200"));
    refused("nonsense\r\n\r\n", "400", "");
    // A head without end is cut off, and the page is still there.
    let mut endless = connect(address);
    let cut = (0..1000).any(|_| endless.write_all(long.as_bytes()).is_err());
    assert!(cut, "20 MB of head were taken");
    let page = ask(address, &format!("GET / HTTP/1.1\r\n{host}\r\n\r\n"));
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("\"kind\":\"live\"") && page.ends_with("</html>\n"));
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page:.600}");
}

#[test]
fn only_this_machine_is_served_and_a_taken_port_is_named() {
    let open = |config| Door::open(config).map(drop).unwrap_err().to_string();
    let said = open(LiveConfig { address: [0, 0, 0, 0].into(), ..LiveConfig::default() });
    assert!(said.contains("0.0.0.0 is refused") && said.contains("no password"), "{said}");
    let allowed = LiveConfig { address: [0, 0, 0, 0].into(), to_network: true, ..LiveConfig::default() };
    assert!(Door::open(allowed).is_ok());
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let said = open(LiveConfig { port, ..LiveConfig::default() });
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("another port"), "{said}");
}

#[test]
fn ten_clients_get_the_same_and_are_told_the_end() {
    let Served { page, feed, _place } = served();
    feed.iteration(iteration(1));
    let mut clients: Vec<_> = (0..10).map(|_| Client::new(page.address()).unwrap()).collect();
    for client in &mut clients {
        let batch = client.next("iterations").unwrap();
        assert_eq!((&batch["from"], &batch["iterations"][0]["iteration"]), (&0.into(), &1.into()));
    }
    feed.iteration(iteration(2));
    let (meta, episode) = trial(5, 2);
    feed.trial(meta, episode);
    for client in &mut clients {
        let batch = client.next("iterations").unwrap();
        assert_eq!((&batch["from"], &batch["iterations"][0]["iteration"]), (&1.into(), &2.into()));
        assert_eq!(client.next("trial").unwrap()["number"], 5);
        let now = client.next("now").unwrap();
        assert_eq!((&now["run"], &now["over"], &now["state"]), (&7.into(), &false.into(), &Value::Null));
    }
    drop(page);
    for client in &mut clients {
        let last = std::iter::from_fn(|| client.next("now")).last().unwrap();
        assert_eq!(last["over"], true);
    }
}

#[test]
fn one_client_too_many_is_told_so_and_comes_in_when_another_leaves() {
    let served = served();
    let address = served.page.address();
    let mut clients: Vec<_> = (0..MOST).map(|_| Client::new(address).unwrap()).collect();
    let answer = ask(address, &format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("16 clients look on already"), "{answer}");
    clients.pop();
    assert!(Client::patient(address).next("now").is_some());
    assert!(clients.iter_mut().all(|client| client.next("now").is_some()));
}

#[test]
fn clients_that_leave_in_mid_message_are_forgotten() {
    let served = served();
    let address = served.page.address();
    for number in 0..40 {
        let (meta, episode) = trial(number, 60);
        served.feed.trial(meta, episode);
        let mut client = Client::patient(address);
        // What is left unread makes the system cut the connection off.
        client.0.get_mut().read_exact(&mut [0; 10]).unwrap();
    }
    let mut clients: Vec<_> = (0..MOST).map(|_| Client::patient(address)).collect();
    assert!(clients.iter_mut().all(|client| client.next("now").is_some()));
}

/// Resident memory of this process, bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn clients_that_take_nothing_cost_a_bounded_sum_and_hinder_nobody() {
    let served = served();
    let address = served.page.address();
    let mut reader = Client::new(address).unwrap();
    let _idle: Vec<_> = (0..10).map(|_| Client::new(address).unwrap()).collect();
    let mut sent = 0;
    let mut show = |number| {
        let (meta, episode) = trial(number, 60);
        served.feed.trial(meta, episode);
        let shown = reader.next("trial").unwrap();
        assert_eq!(shown["number"], number, "whoever reads gets the newest");
        sent += shown.to_string().len();
    };
    (0..10).for_each(&mut show);
    let before = resident();
    (10..60).for_each(&mut show);
    let grown = resident().saturating_sub(before);
    assert!(10 * sent > 30_000_000, "{sent} bytes to each");
    assert!(grown < 10_000_000, "{grown} bytes more for ten clients to whom {sent} bytes each were due");
}

#[test]
fn a_run_that_is_looked_at_is_the_same_to_the_bit() {
    let place = tempfile::tempdir().unwrap();
    let run = |name: &str, live| {
        let folder = place.path().join(name);
        dry_run(DryRunOptions {
            config: ConfigSource::File(CONFIG.into()),
            adjust: Box::new(|config| {
                (config.run.rollouts, config.run.iterations) = (3, 2);
                (config.run.evaluation_strokes, config.run.realtime_strokes) = (1, 0);
            }),
            realtime: false,
            out: Some(folder.clone()),
            beginning: Beginning::Demonstration,
            live,
        })
        .unwrap();
        let view = RunView::open(Arc::new(Disk), &folder).unwrap();
        let episodes = view.trials().unwrap().into_iter().map(|(_, path)| view.read_trial(&path).unwrap().0);
        let lines = view.metrics().unwrap().into_iter().map(IterationMetrics::reduced);
        (episodes.collect::<Vec<_>>(), format!("{:?}", lines.collect::<Vec<_>>()))
    };
    let (alone, looked_at) = (run("alone", None), run("looked_at", Some(LiveConfig::default())));
    assert_eq!(alone.0.len(), 6);
    assert!(alone == looked_at);
}
