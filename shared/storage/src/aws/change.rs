//! Conditional writes: they change an item only if it is still as it was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::{Avatar, Error, User, UserId};

use super::{
    call::Call,
    error,
    item::{self, Item},
    table::Table,
};

/// The outcome of changing an item.
pub(super) enum Changed {
    /// The item after an update, or before its removal.
    Done(Item),
    /// It is not as it was read: the item as it is now, or `None` if it is gone.
    Refused(Option<Item>),
}

/// The user exists, with the version and the image that were read. The version alone would not distinguish a
/// recreated user from the deleted one; an upload is never used twice. An item that another program wrote has no
/// version, or 0 for ever: it must show what was read.
struct Precondition {
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Precondition {
    fn new(read: &User) -> Self {
        let mut values = HashMap::from([(":read_version".to_owned(), item::number(read.version.0))]);
        let mut names = vec![("#id", item::ID), ("#version", item::VERSION), ("#key", item::AVATAR_KEY)];
        let version = if read.version.0 == 0 {
            names.extend([("#read_name", item::NAME), ("#read_email", item::EMAIL)]);
            values.insert(":read_name".to_owned(), item::text(read.name.as_str()));
            values.insert(":read_email".to_owned(), item::text(read.email.as_str()));
            "(attribute_not_exists(#version) OR #version = :read_version) \
             AND #read_name = :read_name AND #read_email = :read_email"
        } else {
            "#version = :read_version"
        };
        let key = match &read.avatar {
            Avatar::Kept { key, .. } => {
                values.insert(":read_key".to_owned(), item::text(key.to_string()));
                "#key = :read_key"
            }
            Avatar::Generated => {
                values.insert(":no_image".to_owned(), AttributeValue::Null(true));
                "#key = :no_image"
            }
            Avatar::Elsewhere { url } => {
                names.push(("#read_url", item::AVATAR_URL));
                values.insert(":read_url".to_owned(), item::text(url));
                "attribute_not_exists(#key) AND #read_url = :read_url"
            }
        };
        Self {
            condition: format!("attribute_exists(#id) AND {version} AND {key}"),
            names: names
                .into_iter()
                .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
                .collect(),
            values,
        }
    }
}

impl Table {
    /// Sets these attributes and increments the version.
    pub(super) async fn update(
        &self,
        read: &User,
        set: Vec<(&'static str, AttributeValue)>,
    ) -> Result<Changed, Error> {
        let Precondition { condition, mut names, mut values } = Precondition::new(read);
        let mut assignments = vec!["#version = :version".to_owned()];
        values.insert(":version".to_owned(), item::number(read.version.0 + 1));
        for (index, (name, value)) in set.into_iter().enumerate() {
            assignments.push(format!("#set{index} = :set{index}"));
            names.insert(format!("#set{index}"), name.to_owned());
            values.insert(format!(":set{index}"), value);
        }
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(item::ID, item::text(read.id.to_string()))
            .update_expression(format!("SET {}", assignments.join(", ")))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = async {
            match error::repeated(|| request.clone().send()).await {
                Ok(done) => self.changed(done.attributes).map(Changed::Done),
                Err(refused) => error::refusal(&self.name, refused).map(Changed::Refused),
            }
        };
        let changed = self.faults.around(Call::UpdateItem, call).await?;
        self.with_current_item(read, changed).await
    }

    /// Sets these attributes of an item that exists, whatever its version, which stays.
    pub(super) async fn set_unversioned<const N: usize>(
        &self,
        id: &UserId,
        set: [(&'static str, AttributeValue); N],
    ) -> Result<(), Error> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(item::ID, item::text(id.to_string()))
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", item::ID);
        let mut assignments = Vec::with_capacity(N);
        for (index, (name, value)) in set.into_iter().enumerate() {
            assignments.push(format!("#set{index} = :set{index}"));
            request = request
                .expression_attribute_names(format!("#set{index}"), name)
                .expression_attribute_values(format!(":set{index}"), value);
        }
        let request = request.update_expression(format!("SET {}", assignments.join(", ")));
        let call = async {
            match error::repeated(|| request.clone().send()).await {
                Ok(_) => Ok(true),
                Err(refused) => error::refusal(&self.name, refused).map(|_| false),
            }
        };
        if self.faults.around(Call::UpdateItem, call).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Removes the item.
    pub(super) async fn delete(&self, read: &User) -> Result<Changed, Error> {
        let Precondition { condition, names, values } = Precondition::new(read);
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key(item::ID, item::text(read.id.to_string()))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = async {
            match error::repeated(|| request.clone().send()).await {
                Ok(done) => Ok(Changed::Done(done.attributes.unwrap_or_default())),
                Err(refused) => error::refusal(&self.name, refused).map(Changed::Refused),
            }
        };
        let changed = self.faults.around(Call::DeleteItem, call).await?;
        self.with_current_item(read, changed).await
    }

    /// The item that a write returned. The write happened: without it the outcome is not known here.
    fn changed(&self, item: Option<Item>) -> Result<Item, Error> {
        let missing =
            || Error::unavailable(format!("{}: DynamoDB did not return the changed item", self.name));
        item.ok_or_else(missing)
    }

    /// Reads the current item if the refusal lacks it, as with some emulators.
    async fn with_current_item(&self, read: &User, changed: Changed) -> Result<Changed, Error> {
        match changed {
            Changed::Refused(None) => Ok(Changed::Refused(self.get(&read.id).await?)),
            other => Ok(other),
        }
    }
}
