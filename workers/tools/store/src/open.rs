//! From settings to a back-end: a directory, or a bucket.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use crate::{Config, Result, StoreError, check_key};

/// A back-end and the prefix of all keys in it, without slashes at its ends.
pub(crate) struct Opened {
    pub store: Arc<dyn ObjectStore>,
    pub prefix: String,
    /// The directory, where it is one.
    pub folder: Option<PathBuf>,
}

impl Config {
    /// Whether the settings can be used, as far as that shows without touching the store; else the setting, and why not.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn check(&self) -> std::result::Result<(), (&'static str, String)> {
        let wrong = |key, why: &str| Err((key, why.to_owned()));
        if !(100..=600_000).contains(&self.timeout_ms) {
            return wrong("timeout_ms", "must lie between 100 and 600000");
        }
        let url = Url::parse(&self.url).map_err(|e| ("url", format!("{e}: use file:///dir or s3://bucket/prefix")))?;
        match url.scheme() {
            "file" if url.to_file_path().is_err() => return wrong("url", "a file URL has three slashes and an absolute path"),
            "file" => return Ok(()),
            "s3" => {}
            other => return wrong("url", &format!("{other:?} is no kind of store: use file or s3")),
        }
        if url.host_str().is_none_or(str::is_empty) {
            return wrong("url", "the bucket is missing");
        }
        let prefix = url.path().trim_matches('/');
        if !prefix.is_empty() && check_key(prefix).is_err() {
            return wrong("url", "the prefix may have A-Z a-z 0-9 . _ - between slashes");
        }
        if self.endpoint.starts_with("http://") && !self.allow_http {
            return wrong("endpoint", "is plain http: use https, or set allow_http");
        }
        match (self.access_key_id.as_str(), &self.secret_key_file) {
            ("", Some(_)) => wrong("secret_key_file", "needs access_key_id"),
            (id, None) if !id.is_empty() => wrong("access_key_id", "needs secret_key_file"),
            _ => Ok(()),
        }
    }
}

pub(crate) fn open(config: &Config) -> Result<Opened> {
    config.check().map_err(|(key, why)| StoreError::Config(format!("{key}: {why}")))?;
    let wrong = |why: String| StoreError::Config(why);
    let url = Url::parse(&config.url).map_err(|e| wrong(format!("url: {e}")))?;
    if url.scheme() == "s3" {
        return bucket(config, &url);
    }
    let folder = url.to_file_path().map_err(|()| wrong("url: it is no path".to_owned()))?;
    Ok(Opened {
        store: Arc::new(directory(&folder)?),
        prefix: String::new(),
        folder: Some(folder),
    })
}

/// The library writes beside the key and renames; with `fsync` the file and its folder are durable before it says so.
fn directory(folder: &FilePath) -> Result<LocalFileSystem> {
    let wrong = |e: &dyn std::fmt::Display| StoreError::Config(format!("url: {}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|e| wrong(&e))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| wrong(&e))?;
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

fn bucket(config: &Config, url: &Url) -> Result<Opened> {
    let name = url.host_str().unwrap_or_default();
    let prefix = url.path().trim_matches('/').to_owned();
    let timeout = Duration::from_millis(config.timeout_ms);
    let options = ClientOptions::new()
        .with_allow_http(config.allow_http)
        .with_timeout(timeout)
        .with_connect_timeout(timeout.min(Duration::from_secs(5)));
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        // The ladder of the queue is what waits for a store that is away; this is for a connection that just broke.
        max_retries: 2,
        retry_timeout: timeout,
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&config.region)
        .with_client_options(options)
        .with_retry(retry);
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(config.endpoint.trim_end_matches('/'));
    }
    if let Some(file) = &config.secret_key_file {
        let secret = std::fs::read_to_string(file).map_err(|e| StoreError::Config(format!("secret_key_file {}: {e}", file.display())))?;
        builder = builder
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(secret.trim());
    }
    // The HTTP client takes the provider of the process; whoever came first chose the same one, there is no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = builder.build().map_err(|e| StoreError::Config(e.to_string()))?;
    Ok(Opened {
        store: Arc::new(store),
        prefix,
        folder: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_named() {
        let cases = [
            ("http://x/", "", "no kind of store"),
            ("s3:///x", "", "bucket"),
            ("s3://b/a b", "", "prefix"),
            ("s3://b", "http://127.0.0.1:1", "allow_http"),
            ("nonsense", "", "url"),
            ("s3://", "", "bucket"),
            ("file://rel/x", "", "absolute"),
        ];
        for (url, endpoint, word) in cases {
            let config = Config {
                url: url.to_owned(),
                endpoint: endpoint.to_owned(),
                ..Config::default()
            };
            let error = open(&config).err().expect(url).to_string();
            assert!(error.contains(word), "{url}: {error}");
        }
        let half = Config {
            url: "s3://b".to_owned(),
            access_key_id: "x".to_owned(),
            ..Config::default()
        };
        assert!(open(&half).is_err());
    }
}
