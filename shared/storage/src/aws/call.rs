//! The calls to AWS, by the names under which faults are injected at them.

use crate::faults::point::fault_points;

fault_points! {
    #[cfg_attr(not(feature = "sqs"), allow(dead_code, reason = "calls of the other features"))]
    pub(crate) enum Call {
        PutObject = "aws.put_object",
        GetObject = "aws.get_object",
        GetMarker = "aws.get_marker",
        DeleteObjects = "aws.delete_objects",
        ListObjects = "aws.list_objects",
        PutItem = "aws.put_item",
        GetItem = "aws.get_item",
        UpdateItem = "aws.update_item",
        DeleteItem = "aws.delete_item",
        Scan = "aws.scan",
        Query = "aws.query",
        BatchGetItem = "aws.batch_get_item",
        SendMessage = "aws.send_message",
        ReceiveMessage = "aws.receive_message",
        DeleteMessage = "aws.delete_message",
        ChangeVisibility = "aws.change_visibility",
        GetQueueAttributes = "aws.get_queue_attributes",
    }
}
