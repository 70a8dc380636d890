//! What a picture needs to know of a user, kept while nothing was written.

use std::{mem::size_of, sync::Arc};

use domain::{AvatarKey, EmailHash, Error, User, UserStore};
use imaging::Initials;
use web::ReadCache;

/// Of a user that exists.
#[derive(Clone, Copy)]
pub(crate) struct KnownUser {
    /// The image, if it is in this store.
    pub(crate) image: Option<AvatarKey>,
    /// The letters of the name, where there are any.
    pub(crate) initials: Option<Initials>,
}

impl KnownUser {
    fn of(user: &User) -> Self {
        Self { image: user.avatar.key().copied(), initials: Initials::of(user.name.as_str()) }
    }
}

/// The users by the hashes of their e-mails; `None` is no user.
#[derive(Clone)]
pub(crate) struct KnownUsers {
    store: Arc<dyn UserStore>,
    known: Arc<ReadCache<EmailHash, Option<KnownUser>>>,
}

/// All entries have this size.
const ENTRY_BYTES: usize = size_of::<EmailHash>() + size_of::<Option<KnownUser>>();

impl KnownUsers {
    /// Those of `store`, kept in at most `max_bytes`.
    pub(crate) fn new(store: Arc<dyn UserStore>, max_bytes: u64) -> Self {
        Self { store, known: Arc::new(ReadCache::new(max_bytes, 2 * ENTRY_BYTES as u64, |_, _| ENTRY_BYTES)) }
    }

    /// The user with this hash.
    pub(crate) async fn get(&self, hash: &EmailHash) -> Result<Option<KnownUser>, Error> {
        let read = || {
            let (users, hash) = (self.clone(), *hash);
            async move { users.read(&hash).await }
        };
        self.known.get_or_read(self.store.generation(), hash, read).await
    }

    /// The same, read from the store in any case.
    pub(crate) async fn read(&self, hash: &EmailHash) -> Result<Option<KnownUser>, Error> {
        match self.store.find(hash).await {
            Ok(user) => Ok(Some(KnownUser::of(&user))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
