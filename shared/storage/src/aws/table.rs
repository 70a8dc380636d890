//! The reads of the table, and the write of a new item.

#[cfg(feature = "s3")]
use std::{collections::HashMap, time::Duration};

#[cfg(feature = "s3")]
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{EmailHash, Environment, Error, Md5, UserId};

#[cfg(feature = "s3")]
use super::table_name::is_same_table;
use super::{
    call::Call,
    clients, error,
    item::{self, Item},
    session::AwsConfig,
};
use crate::faults::Faults;

/// Items with one hash that are read in one call. There is one, unless other programs wrote more.
const FOUND: i32 = 10;

const WITHOUT_ITEMS: &str = "DynamoDB returned a page without items";

/// Items that are read in one call.
#[cfg(feature = "s3")]
const BATCH: usize = 100;

/// The pause before unprocessed keys are requested again: each is twice the one before, at most 6 s in all, and cut by
/// up to half at random.
#[cfg(feature = "s3")]
const FIRST_PAUSE: Duration = Duration::from_millis(50);
#[cfg(feature = "s3")]
const PAUSES: u32 = 7;

/// What a listing shows, and nothing else.
const LISTED: [(&str, &str); 5] = [
    ("#id", item::ID),
    ("#name", item::NAME),
    ("#email", item::EMAIL),
    ("#url", item::AVATAR_URL),
    ("#key", item::AVATAR_KEY),
];

#[derive(Clone)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) faults: Faults,
}

/// The outcome of adding an item.
pub(super) enum PutOutcome {
    Done,
    /// An item with this id exists already.
    Exists(Item),
}

/// Some items in the order of the table, and the id of the last one examined if there may be more.
pub(super) struct Scanned {
    pub(super) items: Vec<Item>,
    pub(super) last: Option<String>,
}

impl Table {
    pub(super) fn new(config: &AwsConfig, name: String, faults: Faults) -> Self {
        Self { client: clients::dynamodb(config), name, faults }
    }

    /// The item of this user as it is now.
    pub(super) async fn get(&self, id: &UserId) -> Result<Option<Item>, Error> {
        self.read(id.to_string()).await
    }

    /// Adds the item of a new user.
    pub(super) async fn put(&self, item: Item) -> Result<PutOutcome, Error> {
        let id = item::required(&item, item::ID)?.to_owned();
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", item::ID)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = async {
            match error::repeated(|| request.clone().send()).await {
                Ok(_) => Ok(None),
                Err(refused) => error::refusal(&self.name, refused).map(Some),
            }
        };
        let there = match self.faults.around(Call::PutItem, call).await? {
            None => return Ok(PutOutcome::Done),
            Some(Some(existing)) => Some(existing),
            // Some emulators do not return it with the refusal.
            Some(None) => self.read(id).await?,
        };
        there
            .map(PutOutcome::Exists)
            .ok_or_else(|| Error::unavailable("the user existed but is gone: try again"))
    }

    /// Up to `limit` items, the sentinel among them.
    pub(super) async fn scan(&self, after: Option<&str>, limit: usize) -> Result<Scanned, Error> {
        let names = LISTED.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()));
        let request = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .projection_expression(LISTED.map(|(placeholder, _)| placeholder).join(", "))
            .set_expression_attribute_names(Some(names.into()))
            .set_exclusive_start_key(after.map(|id| [(item::ID.to_owned(), item::text(id))].into()));
        let call = async { request.send().await.map_err(|error| error::of(&self.name, error)) };
        let page = self.faults.around(Call::Scan, call).await?;
        let last = page.last_evaluated_key.map(|key| item::required(&key, item::ID).map(str::to_owned));
        // DynamoDB returns items and their count, also for an empty page: fewer items may not be all.
        let items = page.items.ok_or_else(|| Error::damaged(WITHOUT_ITEMS))?;
        if usize::try_from(page.count).ok() != Some(items.len()) {
            return Err(Error::damaged("DynamoDB returned a page without all of its items"));
        }
        Ok(Scanned { items, last: last.transpose()? })
    }

    /// The id of the user with this MD5. An item of another program may have the same, under an id of its own.
    pub(super) async fn find(&self, md5: &Md5) -> Result<Option<UserId>, Error> {
        self.query(item::MD5, md5.to_string()).await
    }

    /// The id of the user of which this is a hash of the e-mail's other form.
    pub(super) async fn find_other(&self, hash: &EmailHash) -> Result<Option<UserId>, Error> {
        match hash {
            EmailHash::Sha256(id) => self.query(item::OTHER_ID, id.to_string()).await,
            EmailHash::Md5(md5) => self.query(item::OTHER_MD5, md5.to_string()).await,
        }
    }

    /// The id of a user by an index: each has the name of its key, holds only ids, and is eventually consistent. A
    /// table that does not have the index yet has no such item.
    async fn query(&self, index: &'static str, hash: String) -> Result<Option<UserId>, Error> {
        let mut after = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(index)
                .key_condition_expression("#hash = :hash")
                .expression_attribute_names("#hash", index)
                .expression_attribute_values(":hash", item::text(&*hash))
                .set_exclusive_start_key(after)
                .limit(FOUND);
            let call = async {
                match request.send().await {
                    Err(refused) if index != item::MD5 && error::is_missing_index(&refused) => Ok(None),
                    answer => answer.map(Some).map_err(|error| error::of(&self.name, error)),
                }
            };
            let Some(found) = self.faults.around(Call::Query, call).await? else { return Ok(None) };
            let items = found.items.ok_or_else(|| Error::damaged(WITHOUT_ITEMS))?;
            let id = items.iter().find_map(|item| item::optional(item, item::ID)?.parse().ok());
            // A page may be empty although there are more: only a missing key is the end.
            if id.is_some() || found.last_evaluated_key.is_none() {
                return Ok(id);
            }
            after = found.last_evaluated_key;
        }
    }

    /// The references to images in these users' items, by user, for users that exist.
    #[cfg(feature = "s3")]
    pub(super) async fn owners(&self, ids: Vec<String>) -> Result<HashMap<String, Item>, Error> {
        let mut found = HashMap::new();
        let mut left: Vec<Item> =
            ids.into_iter().map(|id| [(item::ID.to_owned(), item::text(id))].into()).collect();
        let mut pauses = 0;
        while !left.is_empty() {
            let some = left.split_off(left.len().saturating_sub(BATCH));
            let (items, unread) = self.batch(some).await?;
            for item in items {
                found.insert(item::required(&item, item::ID)?.to_owned(), item);
            }
            // An overloaded table leaves some keys for another call.
            if !unread.is_empty() {
                if pauses == PAUSES {
                    return Err(Error::Throttled);
                }
                let longest = FIRST_PAUSE * (1 << pauses);
                tokio::time::sleep(longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5))).await;
                pauses += 1;
                left.extend(unread);
            }
        }
        Ok(found)
    }

    /// The items that exist for these keys, and the keys to be requested again.
    #[cfg(feature = "s3")]
    async fn batch(&self, keys: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>), Error> {
        let names = [("#id", item::ID), ("#key", item::AVATAR_KEY), ("#url", item::AVATAR_URL)];
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .projection_expression("#id, #key, #url")
            .set_expression_attribute_names(Some(
                names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())).into(),
            ))
            .build()
            .map_err(Error::damaged)?;
        let request = self.client.batch_get_item().request_items(&self.name, keys);
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(&self.name, error)) });
        let answer = self.faults.around(Call::BatchGetItem, call).await?;
        let items = self.own(answer.responses)?;
        let unread = self.own(answer.unprocessed_keys)?.map(|unread| unread.keys).unwrap_or_default();
        // For missing keys the response has no items. A response without the table is invalid.
        match items {
            None if unread.is_empty() => {
                Err(Error::damaged(format!("BatchGetItem returned nothing for table {}", self.name)))
            }
            items => Ok((items.unwrap_or_default(), unread)),
        }
    }

    /// The entry of this table in a response by table, under its name or its ARN.
    #[cfg(feature = "s3")]
    fn own<T>(&self, by_table: Option<HashMap<String, T>>) -> Result<Option<T>, Error> {
        let mut of_table = None;
        for (table, entry) in by_table.into_iter().flatten() {
            if !is_same_table(&table, &self.name) || of_table.replace(entry).is_some() {
                let why = format!("BatchGetItem of table {} returned table {table}", self.name);
                return Err(Error::damaged(why));
            }
        }
        Ok(of_table)
    }

    /// The environment that the sentinel names, if there is one.
    pub(super) async fn environment(&self) -> Result<Option<Environment>, Error> {
        let Some(item) = self.read(item::SENTINEL.to_owned()).await? else { return Ok(None) };
        let name = item::required(&item, item::ENVIRONMENT)?;
        name.parse().map(Some).map_err(Error::damaged)
    }

    async fn read(&self, id: String) -> Result<Option<Item>, Error> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(item::ID, AttributeValue::S(id))
            .consistent_read(true);
        let call = async { request.send().await.map_err(|error| error::of(&self.name, error)) };
        Ok(self.faults.around(Call::GetItem, call).await?.item)
    }
}
