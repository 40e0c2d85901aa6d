//! From an input to sealed memory: files and pipes are copied, links are fetched, straight into the memfd that the child will map.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use airlock_fetch::{BlobSink, Fetcher};
use airlock_jail::SealedFile;
use airlock_proto::{FetchOutcome, HeaderFacts};

use crate::inputs::Input;

/// An input that was had.
pub struct Subject {
    /// Name of the root.
    pub name: String,
    /// Its bytes.
    pub file: SealedFile,
    /// What the server said, for links.
    pub headers: Option<HeaderFacts>,
}

/// An input that was not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHad {
    /// `None`: it cannot be read, or our own trouble.
    pub fetch: Option<FetchOutcome>,
    /// Why, in a sentence.
    pub text: String,
}

/// Reads or fetches one input.
pub fn have(input: &Input, fetcher: &Web) -> Result<Subject, NotHad> {
    match input {
        Input::File(path) => from_file(path).map_err(|e| unreadable(&e)),
        Input::Stdin if is_null(io::stdin()) => Err(NotHad {
            fetch: None,
            text: "standard input is closed or /dev/null; pipe the file in".to_owned(),
        }),
        Input::Stdin => from_reader("stdin", io::stdin().lock(), None).map_err(|e| unreadable(&e)),
        Input::Unreadable(_, why) => Err(NotHad {
            fetch: None,
            text: why.clone(),
        }),
        Input::Url(url) => fetcher.get(url),
    }
}

/// A standard input that was closed is opened as `/dev/null` before `main`: nothing was given, which is not a clean file.
fn is_null(file: impl std::os::fd::AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null");
    match (rustix::fs::fstat(file), null) {
        (Ok(file), Ok(null)) => (file.st_mode, file.st_rdev) == (null.st_mode, null.st_rdev),
        _ => false,
    }
}

fn unreadable(error: &io::Error) -> NotHad {
    NotHad {
        fetch: None,
        text: error.to_string(),
    }
}

fn ours(error: &airlock_jail::JailError) -> NotHad {
    NotHad {
        fetch: None,
        text: error.to_string(),
    }
}

fn from_file(path: &Path) -> io::Result<Subject> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let file = File::open(path)?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
    from_reader(&name, file, length)
}

/// `length` is that of a regular file. What is longer than a scan may be is not read to its end: a device has none.
fn from_reader(name: &str, mut reader: impl Read, length: Option<u64>) -> io::Result<Subject> {
    let mut writer = SealedFile::create().map_err(io::Error::other)?;
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) if writer.is_full() => {
                writer.leave(length.and_then(|all| all.checked_sub(writer.len())));
                break;
            }
            Ok(n) => writer.write_all(&buffer[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Subject {
        name: name.to_owned(),
        file: writer.seal().map_err(io::Error::other)?,
        headers: None,
    })
}

/// The fetcher with the runtime that it runs on.
pub struct Web {
    runtime: tokio::runtime::Runtime,
    fetcher: Fetcher,
}

struct Memory(airlock_jail::Writer);

impl BlobSink for Memory {
    fn write<'a>(&'a mut self, chunk: &'a [u8]) -> futures_util::future::BoxFuture<'a, std::io::Result<()>> {
        Box::pin(std::future::ready(self.0.write_all(chunk)))
    }
}

impl Web {
    /// A fetcher with its settings.
    pub fn new(config: airlock_fetch::Config) -> crate::Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Web {
            runtime,
            fetcher: Fetcher::new(config)?,
        })
    }

    fn get(&self, url: &str) -> Result<Subject, NotHad> {
        let mut sink = Memory(SealedFile::create().map_err(|e| ours(&e))?);
        match self.runtime.block_on(self.fetcher.fetch(url, &mut sink)) {
            Ok(fetched) => {
                let file = sink.0.seal().map_err(|e| ours(&e))?;
                let name = fetched.headers.file_name.clone().unwrap_or_else(|| "download".to_owned());
                Ok(Subject {
                    name,
                    file,
                    headers: Some(fetched.headers),
                })
            }
            Err(error) if error.is_ours() => Err(NotHad {
                fetch: None,
                text: error.to_string(),
            }),
            Err(error) => {
                tracing::info!(%url, %error, "not fetched");
                Err(NotHad {
                    fetch: Some(error.kind()),
                    text: format!("{} ({})", error.coarse(), error),
                })
            }
        }
    }
}
