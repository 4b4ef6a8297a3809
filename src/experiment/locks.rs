//! Locks of jobs: one file, with a byte for each job.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Once;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use tracing::warn;

use crate::storage::files::FileError;

/// Byte of the folder's own files: settings, summary, figures. A job's byte is its index plus one.
const SHARED: usize = 0;

/// The locks of a folder. Those taken end with the value or with the process.
pub struct Locks {
    file: File,
    path: PathBuf,
}

impl Locks {
    /// Opens the file of locks, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        Ok(Self { file: file.map_err(|error| FileError::new("open", path, error))?, path: path.into() })
    }

    /// Takes the lock of a job. Gives `false` if another process has it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn take(&self, job: usize) -> Result<bool, FileError> {
        let byte = byte(SHARED + 1 + job);
        self.judged(fcntl(&self.file, FcntlArg::F_OFD_SETLK(&byte)))
    }

    /// Waits until no other process writes the folder's own files, and holds the others off as long as the value lives.
    ///
    /// # Errors
    /// The system refuses.
    pub fn shared_files(&self) -> Result<Self, FileError> {
        // A lock belongs to an open file: this one ends with its own.
        let own = Self::open(&self.path)?;
        let byte = byte(SHARED);
        own.judged(fcntl(&own.file, FcntlArg::F_OFD_SETLKW(&byte)))?;
        Ok(own)
    }

    fn judged(&self, answer: nix::Result<libc::c_int>) -> Result<bool, FileError> {
        static TOLD: Once = Once::new();
        match answer {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            // Parallel file systems are often mounted without locks. Jobs are shared out by index, so that locks only
            // catch mistakes.
            Err(Errno::ENOLCK | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
                TOLD.call_once(|| {
                    warn!(
                        "{}: this file system has no locks; nothing stops a second process from running the same seed",
                        self.path.display()
                    );
                });
                Ok(true)
            }
            Err(error) => Err(FileError::new("lock", &self.path, error.into())),
        }
    }
}

/// A byte of a file, to be locked for writing.
fn byte(at: usize) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: at as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_locks_is_no_failure_and_other_errors_are() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("locks");
        let locks = Locks::open(&path).unwrap();
        assert!(locks.judged(Err(Errno::ENOLCK)).unwrap());
        assert!(!locks.judged(Err(Errno::EAGAIN)).unwrap());
        let refused = locks.judged(Err(Errno::EIO)).unwrap_err().to_string();
        assert!(refused.contains("cannot lock") && refused.contains("locks"), "{refused}");
    }

    #[test]
    fn a_job_is_taken_once_until_its_holder_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("locks");
        let (one, other) = (Locks::open(&path).unwrap(), Locks::open(&path).unwrap());
        assert!(one.take(3).unwrap());
        assert!(!other.take(3).unwrap() && other.take(2).unwrap() && other.take(4).unwrap());
        let shared = one.shared_files().unwrap();
        drop(shared);
        drop(other.shared_files().unwrap());
        drop(one);
        assert!(other.take(3).unwrap());
    }
}
