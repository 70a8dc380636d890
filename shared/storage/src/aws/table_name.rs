//! A table by its name or by its ARN: `DynamoDB` accepts both wherever a table is named.

/// Whether both may mean the same table. Two ARNs also compare account and region.
pub(super) fn is_same_table(one: &str, other: &str) -> bool {
    let are_arns = one.starts_with("arn:") && other.starts_with("arn:");
    if are_arns { one == other } else { name_of(one) == name_of(other) }
}

fn name_of(table: &str) -> &str {
    let resource = table.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
    resource.map_or(table, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_an_arn_are_the_same_table_where_the_names_are_equal() {
        let arn = "arn:aws:dynamodb:eu-central-1:333333333333:table/roster-prod-users";
        for (one, other, is_same) in [
            ("users", "users", true),
            ("users", "users-2", false),
            ("roster-prod-users", arn, true),
            (arn, "roster-prod-users", true),
            (arn, arn, true),
            (arn, "users", false),
            (arn, "arn:aws:dynamodb:eu-central-1:444444444444:table/roster-prod-users", false),
            (arn, "", false),
        ] {
            assert_eq!(is_same_table(one, other), is_same, "{one} {other}");
        }
    }
}
