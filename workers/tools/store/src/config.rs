//! Where blobs lie, and how long a call may take.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Settings of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `file:///dir`, or `s3://bucket/prefix` where the prefix may be left out.
    pub url: String,
    /// Address of the S3 service, `https://host:port`; empty: the one of AWS for the region.
    pub endpoint: String,
    /// Region that requests are signed for.
    pub region: String,
    /// Access key; empty: the credentials of the machine (instance metadata).
    pub access_key_id: String,
    /// File with the secret of the access key; blanks around it do not count. None is written as the empty path: what has no
    /// default in the written configuration would be an unknown key to its reader.
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub secret_key_file: Option<PathBuf>,
    /// Allows an endpoint with plain `http://`. The signature still guards the credentials, nothing guards the bytes.
    pub allow_http: bool,
    /// Longest time of one call in milliseconds, retries included; 100 to 600,000. A part of a large blob (8 MiB) is one call.
    pub timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            url: "file:///var/lib/airlock/blobs".to_owned(),
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            access_key_id: String::new(),
            secret_key_file: None,
            allow_http: false,
            timeout_ms: 30_000,
        }
    }
}

fn write_path<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.clone().unwrap_or_default().serialize(to)
}

fn read_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    Ok(Some(path).filter(|p| !p.as_os_str().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_stands_in_the_written_defaults() {
        let written = serde_json::to_value(Config::default()).unwrap();
        assert_eq!(written["secret_key_file"], "");
        assert_eq!(serde_json::from_value::<Config>(written).unwrap(), Config::default());
        let read: Config = serde_json::from_value(serde_json::json!({"secret_key_file": "/run/secrets/k"})).unwrap();
        assert_eq!(read.secret_key_file, Some("/run/secrets/k".into()));
    }
}
