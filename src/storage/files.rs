//! The file operations that storage needs, behind a trait, so that tests can simulate failures of
//! power, space and disk.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Largest file that is read, bytes. Files of this package stay far below it.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}{}", path.display(), advice(source))]
pub struct FileError {
    /// The operation, as a verb: `write`, `sync`, `rename`, ...
    pub operation: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

impl FileError {
    /// Adds operation and path to an error of the system.
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.into(), source }
    }

    /// Whether another folder is a remedy.
    pub(super) fn asks_for_another_folder(&self) -> bool {
        !advice(&self.source).is_empty()
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => " (no space left: free some or give another folder)",
        ErrorKind::ReadOnlyFilesystem => " (the file system is read-only: give another folder)",
        ErrorKind::PermissionDenied => " (not allowed: check its owner and mode, or give another folder)",
        _ => "",
    }
}

/// Keeps a lock until dropped.
pub type LockGuard = Box<dyn Send + Sync>;

/// A file open for writing.
pub trait OpenFile: Send {
    /// Appends all of `bytes`.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError>;
    /// Cuts the file to its first `length` bytes; the next write goes there.
    fn truncate(&mut self, length: u64) -> Result<(), FileError>;
    /// Makes the content durable.
    fn sync(&mut self) -> Result<(), FileError>;
}

/// The file system as storage uses it. Content is durable after its `sync`, a name after its
/// `sync_dir`.
pub trait Files: Debug + Send + Sync {
    /// Makes one directory whose parent exists. An existing directory is no error.
    fn create_dir(&self, path: &Path) -> Result<(), FileError>;
    /// Whether the path names anything.
    fn exists(&self, path: &Path) -> Result<bool, FileError>;
    /// Creates or empties a file.
    fn create(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError>;
    /// Opens a file that exists, to write at its end.
    fn append(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError>;
    /// Renames a file, replacing any file of the new name.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<(), FileError>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> Result<(), FileError>;
    /// Reads a file of at most [`MAX_FILE_BYTES`].
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;
    /// Names in a directory, sorted.
    fn list(&self, path: &Path) -> Result<Vec<String>, FileError>;
    /// Creates the file if needed and takes its lock; `None` if another process holds it. The lock
    /// ends with the guard or with the process.
    fn lock(&self, path: &Path) -> Result<Option<LockGuard>, FileError>;
}

/// Suffix of unfinished files.
pub const TEMPORARY: &str = ".tmp";

/// Writes a file atomically and durably. A crash at any instant leaves the old content or the new
/// content. After success the new content is on the disk. Steps: temporary file in the same
/// directory, fsync, rename, fsync of the directory.
///
/// # Errors
/// The operation that failed. The old content is then intact.
pub fn write_atomic(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    let temporary = PathBuf::from(name);
    let written = files.create(&temporary).and_then(|mut file| file.write(bytes).and_then(|()| file.sync()));
    if let Err(error) = written.and_then(|()| files.rename(&temporary, path)) {
        // Frees the space if the disk still allows it. Opening the folder removes a leftover.
        let _ = files.remove(&temporary);
        return Err(error);
    }
    files.sync_dir(parent(path))
}

/// Writes a file that is not there yet, atomically and durably. Of several processes, on several machines, one does. Gives whether
/// this one did.
///
/// # Errors
/// The operation that failed.
pub fn write_once(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    // The mode of any new file; the file is otherwise its owner's alone.
    let mode = fs::Permissions::from_mode(0o666);
    let made = tempfile::Builder::new().suffix(TEMPORARY).permissions(mode).tempfile_in(parent(path));
    let mut file = made.map_err(|e| FileError::new("create", path, e))?;
    file.write_all(bytes).map_err(|e| FileError::new("write", path, e))?;
    file.as_file().sync_all().map_err(|e| FileError::new("sync", path, e))?;
    match file.persist_noclobber(path) {
        Ok(_) => Disk.sync_dir(parent(path)).map(|()| true),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(FileError::new("rename to", path, refused.error)),
    }
}

/// Makes a directory and its missing parents, durably.
///
/// # Errors
/// The operation that failed.
pub fn create_dir_all(files: &dyn Files, path: &Path) -> Result<(), FileError> {
    let above = parent(path);
    if above != path && !files.exists(above)? {
        create_dir_all(files, above)?;
    }
    files.create_dir(path)?;
    files.sync_dir(above)
}

/// The directory of a path; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => path,
    }
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn create_dir(&self, path: &Path) -> Result<(), FileError> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result.map_err(|e| FileError::new("create directory", path, e)),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, FileError> {
        path.try_exists().map_err(|e| FileError::new("look for", path, e))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        let file = File::create(path).map_err(|e| FileError::new("create", path, e))?;
        Ok(Box::new(DiskFile { file, path: path.into() }))
    }

    fn append(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        let file = OpenOptions::new().append(true).open(path).map_err(|e| FileError::new("open", path, e))?;
        Ok(Box::new(DiskFile { file, path: path.into() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        fs::rename(from, to).map_err(|e| FileError::new("rename to", to, e))
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        fs::remove_file(path).map_err(|e| FileError::new("remove", path, e))
    }

    fn sync_dir(&self, path: &Path) -> Result<(), FileError> {
        File::open(path).and_then(|f| f.sync_all()).map_err(|e| FileError::new("sync directory", path, e))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let read = || {
            let mut bytes = Vec::new();
            File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > MAX_FILE_BYTES {
                return Err(io::Error::new(ErrorKind::FileTooLarge, format!("larger than {MAX_FILE_BYTES} bytes")));
            }
            Ok(bytes)
        };
        read().map_err(|e| FileError::new("read", path, e))
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let entries = || {
            let mut names = Vec::new();
            for entry in fs::read_dir(path)? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            names.sort();
            Ok(names)
        };
        entries().map_err(|e| FileError::new("list", path, e))
    }

    fn lock(&self, path: &Path) -> Result<Option<LockGuard>, FileError> {
        let fail = |e| FileError::new("lock", path, e);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }
}

struct DiskFile {
    file: File,
    path: PathBuf,
}

impl OpenFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).map_err(|e| FileError::new("write", &self.path, e))
    }

    fn truncate(&mut self, length: u64) -> Result<(), FileError> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        cut.map(drop).map_err(|e| FileError::new("truncate", &self.path, e))
    }

    fn sync(&mut self) -> Result<(), FileError> {
        self.file.sync_all().map_err(|e| FileError::new("sync", &self.path, e))
    }
}
