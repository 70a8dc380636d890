//! What every adapter must pass.
//!
//! A case is an `async fn(&Stores)` that names the promise it keeps.
//! [`conformance_suite!`](crate::conformance_suite) makes a test of each:
//!
//! ```text
//! struct Fixture { stores: domain::Stores, /* what keeps the store alive */ }
//!
//! async fn open() -> Option<Fixture> { /* a new, empty store */ }
//!
//! storage::conformance_suite!(open);
//! ```

pub mod addresses;
pub mod avatars;
pub mod create;
pub mod delete;
pub mod dropped;
pub mod faults;
pub mod find;
pub mod generation;
pub mod idempotency;
pub mod inventory;
pub mod list;
pub mod queue;
pub mod remove_avatar;
pub mod rename;
pub mod renditions;
pub mod replace_avatar;
pub mod sample;
pub mod uploads;

/// The stores of AWS with this configuration of the SDK, without a boundary: what the adapter itself does.
#[cfg(feature = "dynamodb")]
pub fn open_aws(
    options: &crate::aws::Options,
    config: &aws_config::SdkConfig,
    faults: crate::faults::Faults,
) -> crate::connect::Connection {
    crate::connect::Connection::bare(crate::aws::open(options, config, faults))
}

/// Far longer than any case takes; past it a case is stuck.
const DEADLINE: std::time::Duration = std::time::Duration::from_mins(2);

/// Runs one case on a runtime with threads, as the service has.
pub fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(async { tokio::time::timeout(DEADLINE, case).await })
        .expect("the case ends in time");
}

/// A test for every case. `$open` is an `async fn()` that returns a new, empty store in the field `stores` of
/// a value that keeps it open, or `None` where none is available.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_cases! { $open;
            create {
                a_new_user_is_shown_with_its_image,
                a_name_and_an_email_are_kept_as_they_were_given,
                an_email_is_compared_in_lower_case,
                times_are_kept_to_the_millisecond,
                a_taken_email_leaves_the_first_user_and_its_image,
                one_of_racing_creates_wins_and_its_image_is_kept,
                a_hundred_concurrent_creates_all_succeed,
            }
            idempotency {
                what_a_create_would_answer_is_known_before_it,
                the_same_request_again_returns_the_user,
                the_same_request_again_returns_the_user_as_it_is_now,
                the_same_key_with_another_payload_is_refused,
                another_key_or_none_finds_the_email_taken,
                one_of_racing_equal_requests_creates_and_the_others_return_its_user,
                a_deleted_user_frees_its_key,
            }
            find {
                a_user_is_found_by_the_md5_of_its_email,
                an_unknown_and_a_deleted_user_are_not_found,
            }
            addresses {
                spellings_of_one_mailbox_are_one_user,
                a_user_is_found_by_the_hashes_of_both_forms_of_its_domain,
                a_user_of_an_earlier_release_keeps_its_id_and_its_email,
                a_repeated_request_finds_the_user_of_an_earlier_release,
                an_indexed_user_is_found_and_unchanged,
                a_user_that_breaks_todays_rules_stays,
            }
            list {
                an_empty_store_lists_nothing,
                a_listed_user_has_an_image_that_opens,
                a_page_has_at_most_as_many_users_as_asked_for,
                a_walk_returns_every_user_once,
                a_walk_returns_lasting_users_once_while_others_come_and_go,
            }
            generation {
                every_write_changes_the_generation_and_no_read_does,
            }
            rename {
                a_renamed_user_has_the_new_name_and_the_same_image,
                a_stale_rename_changes_nothing,
                one_of_racing_renames_wins,
                a_deleted_user_is_not_renamed,
                a_recreated_user_is_not_the_one_that_was_read,
            }
            replace_avatar {
                a_replaced_image_opens_and_the_one_before_is_gone,
                a_stale_replacement_changes_nothing,
                one_of_racing_replacements_wins,
                a_deleted_user_gets_no_image,
            }
            remove_avatar {
                a_removed_image_is_gone_and_the_user_stays,
                a_user_without_an_image_is_listed_and_found,
                a_user_without_an_image_is_renamed_and_given_another,
                a_user_without_an_image_is_deleted,
                a_stale_removal_changes_nothing,
            }
            renditions {
                kept_renditions_open,
                renditions_kept_twice_are_replaced,
                no_rendition_is_kept_of_an_image_without_a_user,
                renditions_are_removed_with_their_image,
                keeping_and_deleting_at_once_leaves_nothing,
                an_upload_is_read_as_it_was_kept,
            }
            delete {
                a_deleted_user_is_gone_with_its_image,
                a_stale_delete_changes_nothing,
                a_second_delete_finds_nothing,
                a_deleted_email_can_be_used_again,
            }
            avatars {
                the_largest_image_comes_back_byte_for_byte,
                an_open_image_is_read_whole_or_in_pieces,
                an_image_that_is_removed_while_it_is_read_is_not_found,
                pieces_of_an_image_that_is_replaced_are_never_those_of_another,
                every_format_comes_back,
                an_unknown_key_is_not_found,
            }
            uploads {
                an_announced_upload_is_found_and_no_other,
                what_was_not_sent_is_not_read,
                one_of_racing_requests_claims_an_upload,
                a_claim_outlives_the_bytes,
            }
            dropped {
                a_dropped_create_is_whole_or_not_done,
                a_dropped_replacement_is_whole_or_not_done,
            }
            faults {
                a_store_without_rules_is_unaffected,
                an_unavailable_store_reports_it_and_recovers,
                a_failure_before_a_write_changes_nothing,
                a_lost_answer_is_found_again_by_its_idempotency_key,
                a_slow_store_answers,
            }
        }
    };
}

/// A test for every case of a queue of events and its dead letters. `$open` is an `async fn()` that returns a
/// new, empty store in the fields `stores` and `tools` of a value that keeps it open, or `None` where none is
/// available.
#[macro_export]
macro_rules! queue_suite {
    ($open:path) => {
        $crate::tools_cases! { $open; queue {
            an_event_is_delivered_as_it_was_sent,
            a_delivered_event_is_hidden_from_others,
            a_retried_event_is_redelivered_and_counted,
            a_postponed_event_is_redelivered_and_not_counted,
            a_dead_lettered_event_has_its_reason,
            events_are_dead_lettered_one_after_the_other,
            a_removed_dead_letter_is_gone,
            an_event_wakes_a_waiting_receive,
            a_stored_image_has_an_event,
        } }
    };
}

/// A test for every case of sweeping, with `$open` as for [`queue_suite!`](crate::queue_suite).
#[macro_export]
macro_rules! inventory_suite {
    ($open:path) => {
        $crate::tools_cases! { $open; inventory {
            a_consistent_store_has_no_findings,
            an_image_without_all_of_its_eager_renditions_is_found,
            young_objects_are_ignored,
            referenced_images_are_not_removed,
            a_store_belongs_to_its_users_and_counts_them,
        } }
    };
}

/// Expands [`queue_suite!`](crate::queue_suite) and [`inventory_suite!`](crate::inventory_suite).
#[doc(hidden)]
#[macro_export]
macro_rules! tools_cases {
    ($open:path; $module:ident { $($case:ident,)* }) => {
        mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::conformance::run(async {
                    let Some(fixture) = $open().await else { return };
                    $crate::conformance::$module::$case(&fixture.stores, &fixture.tools).await;
                });
            })*
        }
    };
}

/// Expands [`conformance_suite!`](crate::conformance_suite).
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($open:path; $($module:ident { $($case:ident,)* })*) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::conformance::run(async {
                    let Some(fixture) = $open().await else { return };
                    $crate::conformance::$module::$case(&fixture.stores).await;
                });
            })*
        })*
    };
}
