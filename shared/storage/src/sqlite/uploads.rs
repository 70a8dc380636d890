//! Direct uploads: files in a folder beside the database, so that a copy of the database has none of their bytes.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{DirectUpload, DirectUploadId, Error, SendTo};
use tokio::task::spawn_blocking;

use super::file::sibling;
use crate::uploads::{Objects, Part, REMOVE_EVERY, WAITING_BYTES};

/// Files that are being written.
const UNFINISHED: &str = "part";

/// The folder `FILE-uploads`. It is created for the first upload.
#[derive(Clone)]
pub(super) struct Folder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// The size of all bytes that wait.
    waiting: AtomicU64,
}

impl Folder {
    /// The folder beside the database `file`.
    pub(super) fn beside(file: &Path) -> Self {
        let path = sibling(file, "-uploads");
        let waiting = AtomicU64::new(bytes_in(&path));
        Self(Arc::new(Inner { path, waiting }))
    }

    /// Removes expired files now, and regularly until the last clone of this is dropped.
    pub(super) fn remove_expired_regularly(&self) {
        let folder = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(inner) = Weak::upgrade(&folder) {
                // A panic has been logged; the next turn tries again.
                let _ = spawn_blocking(move || Self(inner).remove_expired(SystemTime::now())).await;
                tokio::time::sleep(REMOVE_EVERY).await;
            }
        });
    }

    /// Removes files that were written so long before `now` that no request may use them. What holds no image stays for
    /// another day, so that a refusal can name the reason.
    fn remove_expired(&self, now: SystemTime) {
        for entry in self.entries() {
            let has_image = |name: &OsStr| name == Part::Sent.name() || name == UNFINISHED;
            let life =
                if entry.path().extension().is_some_and(has_image) { 1 } else { 2 } * DirectUpload::USABLE;
            let age = entry.metadata().and_then(|file| file.modified()).map(|at| now.duration_since(at));
            if let Ok(Ok(age)) = age
                && age >= life
                && let Err(error) = remove_file(&entry.path())
            {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "could not remove an expired direct upload; retrying in half an hour");
            }
        }
        self.0.waiting.store(bytes_in(&self.0.path), Ordering::Relaxed);
    }

    /// The files that this module wrote.
    fn entries(&self) -> impl Iterator<Item = fs::DirEntry> {
        entries(&self.0.path)
    }

    fn path(&self, id: &DirectUploadId, extension: &str) -> PathBuf {
        self.0.path.join(format!("{id}.{extension}"))
    }

    async fn run<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let folder = self.clone();
        let done = spawn_blocking(move || run(&folder)).await.map_err(Error::unavailable)?;
        done.map_err(|error| Error::unavailable(format!("folder for direct uploads: {error}")))
    }

    /// The file gets its name once it is whole: what has the name is never half of it, also after a power failure.
    fn add(&self, part: Part, id: &DirectUploadId, bytes: &[u8]) -> io::Result<bool> {
        let unfinished = self.write(id, bytes)?;
        let linked = fs::hard_link(&unfinished, self.path(id, part.name()));
        remove_file(&unfinished)?;
        match linked {
            Ok(()) => {
                // A claim holds after a power failure, too.
                File::open(&self.0.path)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file under a name of its own, or nothing.
    fn write(&self, id: &DirectUploadId, bytes: &[u8]) -> io::Result<PathBuf> {
        self.create()?;
        let path = self.path(id, &format!("{}.{UNFINISHED}", DirectUploadId::random()));
        let mut file = new_file(&path)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = remove_file(&path);
        }
        written.map(|()| path)
    }

    fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> io::Result<Option<Bytes>> {
        let file = match File::open(self.path(id, part.name())) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length > most as u64 {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(most.min(usize::try_from(length).unwrap_or(most)));
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes.into()))
    }

    fn keep(&self, id: &DirectUploadId, bytes: &[u8]) -> io::Result<()> {
        let (unfinished, sent) = (self.write(id, bytes)?, self.path(id, Part::Sent.name()));
        let before = fs::metadata(&sent).map_or(0, |file| file.len());
        if let Err(error) = fs::rename(&unfinished, &sent) {
            let _ = remove_file(&unfinished);
            return Err(error);
        }
        self.no_longer_waiting(before);
        self.0.waiting.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn remove(&self, id: &DirectUploadId) -> io::Result<()> {
        let sent = self.path(id, Part::Sent.name());
        let length = fs::metadata(&sent).map_or(0, |file| file.len());
        remove_file(&sent)?;
        self.no_longer_waiting(length);
        Ok(())
    }

    fn check_room(&self, bytes: usize) -> Result<(), Error> {
        if self.0.waiting.load(Ordering::Relaxed) + bytes as u64 > WAITING_BYTES {
            tracing::warn!("refused a direct upload: 1 GiB of them is waiting to be used");
            return Err(Error::Throttled);
        }
        Ok(())
    }

    fn no_longer_waiting(&self, bytes: u64) {
        let less = |waiting: u64| Some(waiting.saturating_sub(bytes));
        let _ = self.0.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Only this user may read it.
    fn create(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.0.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Objects for Folder {
    async fn add(&self, part: Part, id: &DirectUploadId, bytes: Bytes) -> Result<bool, Error> {
        let id = *id;
        self.run(move |folder| folder.add(part, &id, &bytes)).await
    }

    async fn get(&self, part: Part, id: &DirectUploadId, most: usize) -> Result<Option<Bytes>, Error> {
        let id = *id;
        self.run(move |folder| folder.get(part, &id, most)).await
    }

    async fn send_to(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        self.check_room(upload.bytes)?;
        Ok(SendTo::ThisApi)
    }

    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error> {
        self.check_room(bytes.len())?;
        let id = *id;
        self.run(move |folder| folder.keep(&id, &bytes)).await
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        let id = *id;
        self.run(move |folder| folder.remove(&id)).await
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file that is gone already is no error.
fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The files that this module wrote; none if there is no folder.
fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    let is_ours = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let (id, kind) = name.to_str().and_then(|name| name.split_once('.')).unwrap_or_default();
        let known = [Part::Announced, Part::Sent, Part::Claimed].map(Part::name);
        id.parse::<DirectUploadId>().is_ok() && (known.contains(&kind) || kind.ends_with(UNFINISHED))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().filter(is_ours)
}

/// The size of all bytes that wait.
fn bytes_in(folder: &Path) -> u64 {
    let sent = entries(folder)
        .filter(|entry| entry.path().extension().is_some_and(|name| name == Part::Sent.name()));
    sent.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn expired_files_are_removed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Folder::beside(&folder.path().join("roster.db"));
        let id = DirectUploadId::random();
        assert!(uploads.add(Part::Announced, &id, b"{}").unwrap());
        fs::write(uploads.path(&id, "killed.part"), "half").unwrap();
        Objects::keep(&uploads, &id, Bytes::from_static(b"image")).await.unwrap();
        let other = uploads.0.path.join("notes.txt");
        fs::write(&other, "of the operator").unwrap();

        uploads.remove_expired(SystemTime::now() + DirectUpload::USABLE - Duration::from_mins(1));
        assert_eq!(uploads.entries().count(), 3);
        uploads.remove_expired(SystemTime::now() + DirectUpload::USABLE + Duration::from_mins(1));
        assert_eq!(uploads.entries().count(), 1);
        uploads.remove_expired(SystemTime::now() + DirectUpload::USABLE * 2 + Duration::from_mins(1));
        assert_eq!(uploads.entries().count(), 0);
        assert!(other.exists());
    }

    #[tokio::test]
    async fn bytes_that_wait_are_bounded_and_counted_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roster.db");
        let (first, second) = (DirectUploadId::random(), DirectUploadId::random());
        let uploads = Folder::beside(&file);
        for _ in 0..2 {
            Objects::keep(&uploads, &first, Bytes::from_static(b"image")).await.unwrap();
        }
        assert_eq!(Folder::beside(&file).0.waiting.load(Ordering::Relaxed), 5);
        uploads.0.waiting.store(WAITING_BYTES - 4, Ordering::Relaxed);
        let refused = Objects::keep(&uploads, &second, Bytes::from_static(b"image")).await;
        assert!(matches!(refused, Err(Error::Throttled)), "{refused:?}");

        Objects::remove(&uploads, &first).await.unwrap();
        Objects::keep(&uploads, &second, Bytes::from_static(b"image")).await.unwrap();
    }

    #[tokio::test]
    async fn of_racing_sends_one_is_kept_whole_and_none_leaves_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Folder::beside(&folder.path().join("roster.db"));
        let id = DirectUploadId::random();
        let images = [1, 2, 3, 4].map(|byte| Bytes::from(vec![byte; 100_000]));
        for image in &images {
            let (uploads, image) = (uploads.clone(), image.clone());
            tokio::spawn(async move { Objects::keep(&uploads, &id, image).await.unwrap() });
        }
        Objects::keep(&uploads, &id, images[0].clone()).await.unwrap();
        let kept = uploads.get(Part::Sent, &id, 100_000).unwrap().unwrap();
        assert!(images.contains(&kept));
    }

    #[tokio::test]
    async fn a_claim_that_could_not_be_written_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Folder::beside(&folder.path().join("roster.db"));
        let id = DirectUploadId::random();
        // A folder that cannot be made, as on a full disk.
        fs::write(&uploads.0.path, "").unwrap();
        assert!(uploads.add(Part::Claimed, &id, b"request").is_err());
        fs::remove_file(&uploads.0.path).unwrap();
        assert!(uploads.add(Part::Claimed, &id, b"request").unwrap());
        assert!(!uploads.add(Part::Claimed, &id, b"another").unwrap());
        assert_eq!(uploads.get(Part::Claimed, &id, 100).unwrap().as_deref(), Some(b"request".as_slice()));
        assert_eq!(uploads.entries().count(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_user_of_the_process_can_read_what_waits() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let uploads = Folder::beside(&folder.path().join("roster.db"));
        Objects::keep(&uploads, &DirectUploadId::random(), Bytes::from_static(b"image")).await.unwrap();
        for path in uploads.entries().map(|entry| entry.path()).chain([uploads.0.path.clone()]) {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
        }
    }
}
