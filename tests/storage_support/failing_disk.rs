//! A disk in memory that fills up, breaks, or loses power; the last forgets what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use moto_controller::storage::files::{FileError, Files, LockGuard, OpenFile, parent};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What goes wrong, once the operations before it are done. A write that fails is half done.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// One operation fails.
    Error { operation: u64, kind: ErrorKind },
    /// From this operation on nothing more fits.
    FullFrom { operation: u64 },
    /// Power goes in the middle of this operation.
    PowerCut { operation: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Directory,
    File(usize),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    content: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, Node),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

type Names = BTreeMap<PathBuf, Node>;

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: Names,
    synced_names: Names,
    /// Changes of names per directory that were not synced, in order.
    pending: BTreeMap<PathBuf, Vec<NameChange>>,
    locked: BTreeSet<PathBuf>,
    operations: u64,
    faults: Vec<Fault>,
    off: bool,
}

/// The disk; clones share it.
#[derive(Clone, Debug)]
pub struct FailingDisk(Arc<Mutex<State>>);

fn apply(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Link(path, node) => drop(names.insert(path.clone(), *node)),
        NameChange::Unlink(path) => drop(names.remove(path)),
        NameChange::Rename(from, to) => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
    }
}

impl FailingDisk {
    /// An empty disk with these faults ahead.
    pub fn new(faults: &[Fault]) -> Self {
        let root = Names::from([(PathBuf::from("/"), Node::Directory)]);
        let (names, synced_names) = (root.clone(), root);
        Self(Arc::new(Mutex::new(State { names, synced_names, faults: faults.to_vec(), ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Operations done so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Another fault ahead.
    pub fn plan(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Takes away the faults: someone freed space or mended the disk.
    pub fn mend(&self) {
        self.state().faults.clear();
    }

    /// What the disk holds after power came back. Of what was not synced any part may be there: of a file's content any
    /// blocks, of a directory's changes the first few.
    pub fn reboot(&self, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let before = self.state();
        let mut names = before.synced_names.clone();
        for changes in before.pending.values() {
            let kept = random.random_range(0..=changes.len());
            changes[..kept].iter().for_each(|change| apply(&mut names, change));
        }
        let all = names.clone();
        names.retain(|path, _| path.ancestors().skip(1).all(|above| all.contains_key(above)));
        let inodes = before.inodes.iter().map(|inode| {
            let content = survivor(inode, &mut random);
            Inode { synced: content.clone(), content }
        });
        let inodes = inodes.collect();
        Self(Arc::new(Mutex::new(State { inodes, synced_names: names.clone(), names, ..State::default() })))
    }
}

/// A file's content after a power cut: whole blocks of what was synced and of what was not, or zeros.
fn survivor(inode: &Inode, random: &mut ChaCha8Rng) -> Vec<u8> {
    const BLOCK: usize = 64;
    let (old, new) = (&inode.synced, &inode.content);
    match random.random_range(0..4) {
        0 => old.clone(),
        1 => new.clone(),
        _ => {
            let length = random.random_range(old.len().min(new.len())..=old.len().max(new.len()));
            let mut content = vec![0; length];
            for (block, start) in content.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
                let source = if random.random() { old } else { new };
                let source = source.get(start..).unwrap_or_default();
                let available = source.len().min(block.len());
                block[..available].copy_from_slice(&source[..available]);
            }
            // What both agree on was not being written.
            let same = old.iter().zip(new).take_while(|(a, b)| a == b).count().min(length);
            content[..same].copy_from_slice(&old[..same]);
            content
        }
    }
}

/// Whether an operation needs room on the disk.
#[derive(PartialEq)]
enum Needs {
    Room,
    Nothing,
}

impl State {
    /// Counts an operation and lets it fail if it is to; `partly` is then done by half.
    fn operate(
        &mut self,
        name: &'static str,
        path: &Path,
        needs: Needs,
        partly: impl FnOnce(&mut Self),
    ) -> Result<(), FileError> {
        let now = self.operations;
        self.operations += 1;
        let kind = if self.off {
            Some(ErrorKind::NotConnected)
        } else {
            self.faults.iter().find_map(|fault| match *fault {
                Fault::Error { operation, kind } => (operation == now).then_some(kind),
                Fault::FullFrom { operation } => {
                    (operation <= now && needs == Needs::Room).then_some(ErrorKind::StorageFull)
                }
                Fault::PowerCut { operation } => (operation == now).then_some(ErrorKind::NotConnected),
            })
        };
        let Some(kind) = kind else { return Ok(()) };
        if !self.off {
            partly(self);
        }
        self.off |= kind == ErrorKind::NotConnected;
        Err(FileError::new(name, path, kind.into()))
    }

    fn file(&self, operation: &'static str, path: &Path) -> Result<usize, FileError> {
        match self.names.get(path) {
            Some(Node::File(inode)) => Ok(*inode),
            _ => Err(FileError::new(operation, path, ErrorKind::NotFound.into())),
        }
    }

    fn change(&mut self, directory: &Path, change: NameChange) {
        apply(&mut self.names, &change);
        self.pending.entry(directory.into()).or_default().push(change);
    }
}

impl Files for FailingDisk {
    fn create_dir(&self, path: &Path) -> Result<(), FileError> {
        let mut state = self.state();
        state.operate("create directory", path, Needs::Room, |_| {})?;
        if !state.names.contains_key(parent(path)) {
            return Err(FileError::new("create directory", path, ErrorKind::NotFound.into()));
        }
        if !state.names.contains_key(path) {
            state.change(parent(path), NameChange::Link(path.into(), Node::Directory));
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool, FileError> {
        let mut state = self.state();
        state.operate("look for", path, Needs::Nothing, |_| {})?;
        Ok(state.names.contains_key(path))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        let mut state = self.state();
        state.operate("create", path, Needs::Room, |_| {})?;
        if !state.names.contains_key(parent(path)) {
            return Err(FileError::new("create", path, ErrorKind::NotFound.into()));
        }
        let inode = match state.names.get(path) {
            Some(Node::File(inode)) => *inode,
            _ => {
                state.inodes.push(Inode::default());
                let inode = state.inodes.len() - 1;
                state.change(parent(path), NameChange::Link(path.into(), Node::File(inode)));
                inode
            }
        };
        state.inodes[inode].content.clear();
        Ok(Box::new(OpenInode { disk: self.clone(), inode, path: path.into() }))
    }

    fn append(&self, path: &Path) -> Result<Box<dyn OpenFile>, FileError> {
        let mut state = self.state();
        state.operate("open", path, Needs::Nothing, |_| {})?;
        let inode = state.file("open", path)?;
        Ok(Box::new(OpenInode { disk: self.clone(), inode, path: path.into() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let mut state = self.state();
        state.operate("rename to", to, Needs::Nothing, |_| {})?;
        state.file("rename to", from)?;
        assert_eq!(parent(from), parent(to), "atomic only within a directory");
        state.change(parent(from), NameChange::Rename(from.into(), to.into()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        let mut state = self.state();
        state.operate("remove", path, Needs::Nothing, |_| {})?;
        state.file("remove", path)?;
        state.change(parent(path), NameChange::Unlink(path.into()));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> Result<(), FileError> {
        let mut state = self.state();
        state.operate("sync directory", path, Needs::Nothing, |_| {})?;
        let changes = state.pending.remove(path).unwrap_or_default();
        changes.iter().for_each(|change| apply(&mut state.synced_names, change));
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let mut state = self.state();
        state.operate("read", path, Needs::Nothing, |_| {})?;
        let inode = state.file("read", path)?;
        Ok(state.inodes[inode].content.clone())
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let mut state = self.state();
        state.operate("list", path, Needs::Nothing, |_| {})?;
        if state.names.get(path) != Some(&Node::Directory) {
            return Err(FileError::new("list", path, ErrorKind::NotFound.into()));
        }
        let inside = state.names.keys().filter(|name| parent(name) == path && *name != path);
        Ok(inside.map(|name| name.file_name().unwrap().to_string_lossy().into_owned()).collect())
    }

    fn lock(&self, path: &Path) -> Result<Option<LockGuard>, FileError> {
        if !self.exists(path)? {
            drop(self.create(path)?);
        }
        let free = self.state().locked.insert(path.into());
        Ok(free.then(|| Box::new(Lock { disk: self.clone(), path: path.into() }) as LockGuard))
    }
}

struct Lock {
    disk: FailingDisk,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.path);
    }
}

struct OpenInode {
    disk: FailingDisk,
    inode: usize,
    path: PathBuf,
}

impl OpenFile for OpenInode {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let mut state = self.disk.state();
        let inode = self.inode;
        let half = &bytes[..bytes.len() / 2];
        state.operate("write", &self.path, Needs::Room, |s| s.inodes[inode].content.extend(half))?;
        state.inodes[inode].content.extend(bytes);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> Result<(), FileError> {
        let mut state = self.disk.state();
        state.operate("truncate", &self.path, Needs::Nothing, |_| {})?;
        state.inodes[self.inode].content.resize(length as usize, 0);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), FileError> {
        let mut state = self.disk.state();
        let inode = self.inode;
        let sync = |state: &mut State| {
            let inode = &mut state.inodes[inode];
            inode.synced.clone_from(&inode.content);
        };
        // One that fails may have done its work all the same.
        let odd = state.operations % 2 == 1;
        state.operate("sync", &self.path, Needs::Room, |state| {
            if odd {
                sync(state)
            }
        })?;
        sync(&mut state);
        Ok(())
    }
}
