//! Files as the jail takes them: bytes in memory that nobody can change any more, hashed while they are written.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use airlock_proto::limits::MAX_INPUT_BYTES;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::{Errno, retry_on_intr};
use sha2::{Digest, Sha256};

use crate::JailError;

/// A file in memory, sealed: its bytes and length are final. Its pages count against the memory of this process's group.
#[derive(Debug)]
pub struct SealedFile {
    fd: OwnedFd,
    len: u64,
    sha256: String,
    cut_bytes: u64,
}

impl SealedFile {
    /// Begins a file; what goes beyond 2 GiB is counted and not kept.
    ///
    /// # Errors
    /// [`JailError::System`] when the kernel gives no memfd.
    pub fn create() -> Result<Writer, JailError> {
        Self::create_capped(MAX_INPUT_BYTES)
    }

    /// The same with another length at which the rest is cut, at most 2 GiB.
    ///
    /// # Errors
    /// As [`SealedFile::create`].
    pub fn create_capped(most: u64) -> Result<Writer, JailError> {
        Ok(Writer {
            fd: memfd("airlock-input")?,
            most: most.min(MAX_INPUT_BYTES),
            len: 0,
            cut_bytes: 0,
            sha256: Sha256::new(),
        })
    }

    /// A sealed file of these bytes.
    ///
    /// # Errors
    /// [`JailError::System`] when the kernel gives no memfd or no memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<SealedFile, JailError> {
        let mut writer = Self::create()?;
        writer.write_all(bytes).map_err(|error| JailError::System {
            what: "writing a file to memory",
            error,
        })?;
        writer.seal()
    }

    /// Length in bytes of what was kept.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True for an empty file.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lowercase hexadecimal SHA-256 of what was kept.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Bytes beyond the longest input, which were not kept; [`u64::MAX`] when nobody knows how many.
    pub fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Writes a file into memory and hashes it on the way.
#[derive(Debug)]
pub struct Writer {
    fd: OwnedFd,
    most: u64,
    len: u64,
    cut_bytes: u64,
    sha256: Sha256,
}

impl Writer {
    /// Ends the file: from here on nobody can change it, this process included.
    ///
    /// # Errors
    /// [`JailError::System`] when the kernel does not seal it.
    pub fn seal(self) -> Result<SealedFile, JailError> {
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&self.fd, seals).map_err(JailError::system("sealing a file in memory"))?;
        Ok(SealedFile {
            fd: self.fd,
            len: self.len,
            sha256: data_encoding::HEXLOWER.encode(&self.sha256.finalize()),
            cut_bytes: self.cut_bytes,
        })
    }

    /// Bytes that are kept so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True while nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when nothing more is kept: whoever reads may stop, and say with [`Writer::leave`] what it leaves.
    pub fn is_full(&self) -> bool {
        self.len >= self.most
    }

    /// Says how many bytes in all are not kept; `None` when nobody knows.
    pub fn leave(&mut self, bytes: Option<u64>) {
        self.cut_bytes = bytes.unwrap_or(u64::MAX);
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.most.saturating_sub(self.len)).unwrap_or(usize::MAX);
        if room == 0 {
            self.cut_bytes = self.cut_bytes.saturating_add(length(bytes));
            return Ok(bytes.len());
        }
        let kept = bytes.get(..room).unwrap_or(bytes);
        let n = retry_on_intr(|| rustix::io::write(&self.fd, kept))?;
        let written = kept.get(..n).unwrap_or_default();
        self.sha256.update(written);
        self.len = self.len.saturating_add(length(written));
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A memfd that can be sealed and never be run.
fn memfd(name: &str) -> Result<OwnedFd, JailError> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 do not know the flag.
        Err(Errno::INVAL) => rustix::fs::memfd_create(name, flags),
        other => other,
    }
    .map_err(JailError::system("making a file in memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_cap_is_counted_and_not_kept() {
        let mut writer = SealedFile::create_capped(5).unwrap();
        writer.write_all(b"abc").unwrap();
        writer.write_all(b"defgh").unwrap();
        let file = writer.seal().unwrap();
        assert_eq!((file.len(), file.cut_bytes()), (5, 3));
        assert_eq!(file.sha256(), data_encoding::HEXLOWER.encode(&Sha256::digest(b"abcde")));
    }

    #[test]
    fn a_sealed_file_takes_no_more_bytes_and_no_new_length() {
        let file = SealedFile::from_bytes(b"abc").unwrap();
        assert_eq!(rustix::io::write(file.fd(), b"x"), Err(Errno::PERM));
        assert_eq!(rustix::fs::ftruncate(file.fd(), 0), Err(Errno::PERM));
    }
}
