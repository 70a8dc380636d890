//! The trace that a request belongs to (W3C Trace Context).

use domain::TraceParent;
use http::HeaderMap;

/// The caller's trace parent, if it sends one well-formed `traceparent`. It is taken over, and grants nothing.
pub(super) fn caller(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all("traceparent").iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()?.parse().ok()
}

/// A new span below the caller's, or in a new trace that is not sampled.
pub(super) fn child(caller: Option<TraceParent>) -> TraceParent {
    let span_id = fastrand::u64(1..).to_be_bytes();
    match caller {
        Some(caller) => TraceParent { span_id, ..caller },
        None => TraceParent { trace_id: fastrand::u128(1..).to_be_bytes(), span_id, sampled: false },
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn sent(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| ("traceparent".parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_trace_continues_with_a_new_span() {
        let caller = caller(&sent(&[TEXT])).unwrap();
        let trace_parent = child(Some(caller));
        assert_eq!((trace_parent.trace_id, trace_parent.sampled), (caller.trace_id, true));
        assert_ne!(trace_parent.span_id, caller.span_id);
    }

    #[test]
    fn a_malformed_or_repeated_header_begins_a_new_trace() {
        assert_eq!(caller(&sent(&[])), None);
        assert_eq!(caller(&sent(&["00-x"])), None);
        let mut twice = sent(&[TEXT]);
        twice.append("traceparent", HeaderValue::from_static(TEXT));
        assert_eq!(caller(&twice), None);
        assert_eq!(
            caller(&HeaderMap::from_iter([(
                "traceparent".parse().unwrap(),
                HeaderValue::from_bytes(b"\xff").unwrap()
            )])),
            None
        );
        assert_ne!(child(None).trace_id, child(None).trace_id);
    }
}
