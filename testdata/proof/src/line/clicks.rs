//! A click service of its own: publishes requests, keeps every event that it hears, and counts only what the right sender said.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use airlock_proto::v1::{ScanRequest, Verdict};
use airlock_queue::lite::Lite;
use airlock_queue::rabbit::{Config, Rabbit};
use airlock_queue::topology::{Lane, Queue};
use airlock_queue::{Broker, Incoming, Outgoing, QueueError};
use tokio::sync::Semaphore;

use super::site::Site;

/// Messages on their way to the broker that it has not confirmed, as a publisher that cares for confirms has them.
const WINDOW: usize = 256;

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// An event as it was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The message.
    pub message: Incoming,
    /// When.
    pub at: Instant,
}

/// A calling service that listens.
pub struct Clicks {
    runtime: tokio::runtime::Runtime,
    broker: Arc<dyn Broker>,
    heard: Arc<Mutex<Vec<Heard>>>,
    taken: Arc<AtomicUsize>,
    window: Arc<Semaphore>,
}

impl Clicks {
    /// Connects to a site as a service, and listens from now on.
    pub fn connect(site: &Site, service: &str) -> Try<Clicks> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let broker = runtime.block_on(user(site, service))?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut events = runtime.block_on(broker.consume(Queue::Events(service.to_owned()), 256))?;
        let keep = Arc::clone(&heard);
        runtime.spawn(async move {
            while let Some((message, receipt)) = events.next().await {
                let at = Instant::now();
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(Heard { message, at });
                receipt.ack().await;
            }
        });
        Ok(Clicks {
            runtime,
            broker,
            heard,
            taken: Arc::default(),
            window: Arc::new(Semaphore::new(WINDOW)),
        })
    }

    /// The same, as a service on a machine of its own: its threads get what time the processors here have left.
    pub fn elsewhere(site: &Site, service: &str) -> Try<Clicks> {
        let connected = std::thread::scope(|scope| {
            let connect = || {
                // Threads inherit it, those of the broker's client included.
                rustix::process::nice(10).map_err(|e| e.to_string())?;
                Clicks::connect(site, service).map_err(|e| e.to_string())
            };
            scope.spawn(connect).join()
        });
        Ok(connected.map_err(|_| "connecting broke off")??)
    }

    /// Publishes a request until the broker has it; at once, without waiting for that.
    pub fn ask(&self, request: &ScanRequest) {
        let (broker, message) = (Arc::clone(&self.broker), Outgoing::request(Lane::Click, request));
        let (taken, window) = (Arc::clone(&self.taken), Arc::clone(&self.window));
        self.runtime.spawn(async move {
            let Ok(_place) = window.acquire().await else { return };
            while let Err(error) = broker.publish(message.clone()).await {
                if !matches!(error, QueueError::Away(_)) {
                    println!("a request was not taken: {error}");
                    return;
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            taken.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// How many requests the broker has taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Publishes a message as a user of the broker.
    pub fn say_as(&self, site: &Site, name: &str, message: Outgoing) -> Result<(), QueueError> {
        self.runtime.block_on(async {
            let broker = user(site, name).await.map_err(|e| QueueError::Away(e.to_string()))?;
            broker.publish(message).await
        })
    }

    /// Whether a user may read a queue.
    pub fn may_read(&self, site: &Site, name: &str, queue: Queue) -> Try<bool> {
        self.runtime.block_on(async {
            let broker = user(site, name).await?;
            match broker.consume(queue, 1).await {
                Ok(mut consumer) => {
                    consumer.stop().await;
                    Ok(true)
                }
                Err(QueueError::Refused(_)) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
    }

    /// All events so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many events of a kind were heard so far, each delivery counted.
    pub fn count(&self, kind: &str) -> usize {
        let all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|heard| heard.message.kind == kind).count()
    }

    /// Verdicts by request, every delivery; only what the broker says is of the verdict stage.
    pub fn verdicts(&self) -> BTreeMap<String, Vec<Heard>> {
        let mut out: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
        for heard in self.heard() {
            if heard.message.kind == "Verdict" && heard.message.sender == "verdict" {
                out.entry(heard.message.request_id.clone()).or_default().push(heard);
            }
        }
        out
    }

    /// Waits for an event of a request.
    pub fn wait(&self, request_id: &str, kind: &str, patience: Duration) -> Option<Heard> {
        let until = Instant::now() + patience;
        let fits = |h: &Heard| h.message.request_id == request_id && h.message.kind == kind && h.message.sender != "fetch";
        while Instant::now() < until {
            let all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(heard) = all.iter().find(|h| fits(h)) {
                return Some(heard.clone());
            }
            drop(all);
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Waits for the verdict of a request.
    pub fn verdict(&self, request_id: &str, patience: Duration) -> Try<Verdict> {
        let heard = self.wait(request_id, "Verdict", patience);
        let heard = heard.ok_or_else(|| format!("no verdict for {request_id} within {patience:?}"))?;
        Ok(heard.message.decode()?)
    }

    /// Waits until as many requests have a verdict; how many have.
    pub fn wait_for(&self, many: usize, patience: Duration) -> usize {
        let until = Instant::now() + patience;
        loop {
            let there = self.verdicts().len();
            if there >= many || Instant::now() > until {
                return there;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The broker of a site as one of its users.
pub async fn user(site: &Site, name: &str) -> Try<Arc<dyn Broker>> {
    let Some(servers) = &site.servers else {
        let lite = Lite::open(&site.data_dir().join("queue.sqlite"), false, Arc::new(now_ms)).await?;
        return Ok(Arc::new(lite.user(name)));
    };
    Ok(Rabbit::connect(Config {
        url: format!("amqp://127.0.0.1:{}/airlock", servers.rabbit.port()),
        user: name.to_owned(),
        password_file: site.path().join("broker").join(name),
        name: format!("proof {name}"),
        ..Config::default()
    })
    .await?)
}

/// A click by somebody on a link.
pub fn click(request_id: &str, tenant: &str, url: String, deadline_ms: u32) -> ScanRequest {
    ScanRequest {
        request_id: request_id.to_owned(),
        tenant: tenant.to_owned(),
        url,
        recipient: "ann@acme.example".to_owned(),
        deadline_ms,
        ..ScanRequest::default()
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
