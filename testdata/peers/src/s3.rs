//! An S3 server over the wire: it checks signatures, remembers its requests, and can fail or hang on demand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The bucket that is there from the start.
pub const BUCKET: &str = "airlock";
/// The access key that the server knows.
pub const ACCESS_KEY: &str = "AIRLOCKTEST";
/// The secret of [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "a-secret-of-the-tests";

/// Bytes that memory must have free, so that objects are kept there.
const ROOM: u64 = 8 << 30;

/// One request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `PUT`, …
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
}

/// A running server; dropped, it stops and its folder is gone.
pub struct S3 {
    folder: TempDir,
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<Seen>>,
    trouble: Mutex<Trouble>,
}

#[derive(Default, Clone, Copy)]
struct Trouble {
    fail_until: Option<Instant>,
    hang_until: Option<Instant>,
    no_conditions: bool,
}

impl S3 {
    /// Starts a server with the empty bucket [`BUCKET`] on a free loopback port.
    ///
    /// # Panics
    /// No port, no thread or no folder can be had.
    #[allow(clippy::new_without_default, reason = "it starts a server")]
    pub fn start() -> Self {
        let folder = folder().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("buckets").join(BUCKET)).expect("the bucket");
        std::fs::write(folder.path().join("secret"), SECRET_KEY).expect("the secret");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let thread = {
            let (root, shared) = (folder.path().join("buckets"), Arc::clone(&shared));
            std::thread::spawn(move || run(listener, &root, shared, stopped))
        };
        // The port is bound: a client that comes before the server accepts waits in its queue.
        S3 {
            folder,
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file that holds [`SECRET_KEY`].
    pub fn secret_file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// The file of an object, so that a test can tamper with it.
    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join("buckets").join(BUCKET).join(key)
    }

    /// Every request so far, in the order of their answers.
    pub fn log(&self) -> Vec<Seen> {
        locked(&self.shared.log).clone()
    }

    /// Answers 500 to everything for a while.
    pub fn fail_for(&self, time: Duration) {
        locked(&self.shared.trouble).fail_until = Some(Instant::now() + time);
    }

    /// Takes requests and answers none of them for a while.
    pub fn hang_for(&self, time: Duration) {
        locked(&self.shared.trouble).hang_until = Some(Instant::now() + time);
    }

    /// From now on it knows no conditional writes and says so, as older servers do.
    pub fn forget_conditions(&self) {
        locked(&self.shared.trouble).no_conditions = true;
    }

    /// Ends [`S3::fail_for`], [`S3::hang_for`] and [`S3::forget_conditions`].
    pub fn heal(&self) {
        *locked(&self.shared.trouble) = Trouble::default();
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// In memory where the machine has plenty of it, else on its disk.
///
/// A store is another machine. On this one each of its new files would search a file system that avoids the numbers of
/// files deleted a moment ago, of which tests leave thousands: more than a quarter of the time of the whole process.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    match rustix::fs::statvfs(memory) {
        Ok(room) if room.f_bavail.saturating_mul(room.f_frsize).min(free_memory()) >= ROOM => {
            tempfile::Builder::new().prefix("airlock-s3-").tempdir_in(memory)
        }
        _ => tempfile::tempdir(),
    }
}

/// Bytes, as the kernel estimates them.
fn free_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default().saturating_mul(1024)
}

fn run(listener: std::net::TcpListener, root: &Path, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).expect("a folder of buckets"));
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener).expect("a listener");
        let accepting = async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, service.clone(), Arc::clone(&shared)));
            }
        };
        tokio::select! {
            () = accepting => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

async fn serve(stream: TcpStream, service: S3Service, shared: Arc<Shared>) {
    let each = service_fn(move |request| answer(request, service.clone(), Arc::clone(&shared)));
    // Head and body of an answer are two packets: the second must not wait for the first to be acknowledged.
    let _ = stream.set_nodelay(true);
    // A client that goes away is no trouble of the server.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), each)
        .await;
}

async fn answer(request: Request<Incoming>, service: S3Service, shared: Arc<Shared>) -> Result<Response<Body>, HttpError> {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    while locked(&shared.trouble).hang_until.is_some_and(|until| Instant::now() < until) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let trouble = *locked(&shared.trouble);
    let refusal = |status, code: &str| {
        let mut response = Response::new(Body::from(format!("<Error><Code>{code}</Code></Error>")));
        *response.status_mut() = status;
        response
    };
    let response = if trouble.fail_until.is_some_and(|until| Instant::now() < until) {
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
    } else if trouble.no_conditions && request.headers().contains_key("if-none-match") {
        refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented")
    } else {
        service.call(request.map(Body::from)).await?
    };
    let status = response.status().as_u16();
    locked(&shared.log).push(Seen { method, path, status });
    Ok(response)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
