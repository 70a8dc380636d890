//! An event as one line of JSON: its fields beside time and level, written straight into the line.

use std::{
    error::Error,
    fmt::{self, Debug, Write as _},
};

use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

use crate::error::chain;

/// The initial capacity of a line: that of a request is about 450 bytes.
const LINE_BYTES: usize = 512;

/// The format of lines for a collector.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        line.write_str("\",\"level\":\"")?;
        line.write_str(event.metadata().level().as_str())?;
        line.write_str("\"")?;
        // The writer is a trait object: a call for each of a hundred pieces costs more than one for all.
        let mut fields = Fields(Vec::with_capacity(LINE_BYTES));
        event.record(&mut fields);
        line.write_str(std::str::from_utf8(&fields.0).map_err(|_| fmt::Error)?)?;
        line.write_str("}\n")
    }
}

struct Fields(Vec<u8>);

impl Fields {
    fn write(&mut self, field: &Field, value: impl Serialize) {
        // The name of a field is a literal in the source: nothing in it needs escaping.
        for piece in [",\"", field.name(), "\":"] {
            self.0.extend_from_slice(piece.as_bytes());
        }
        serde_json::to_writer(&mut self.0, &value).expect("text and numbers serialise");
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // If `Debug` fails, what it has written is logged.
        let _ = write!(text, "{value:?}");
        self.write(field, text);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line_of(event: impl FnOnce()) -> serde_json::Value {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().event_format(Json).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, event);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!((text.lines().count(), text.ends_with('\n')), (1, true), "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn fields_keep_their_types_in_json() {
        let error = domain::Error::unavailable(io::Error::other("disk \"A\""));
        let line = line_of(|| {
            tracing::warn!(
                text = "a \"b\"\\\n\t\u{1}é",
                number = -1,
                large = u64::MAX,
                ratio = 0.5,
                none = f64::NAN,
                yes = true,
                absent = None::<&str>,
                shown = %"x\ny",
                debugged = ?Some("z"),
                error = &error as &dyn Error,
                dotted.name = 1,
                "message {}", 1
            );
        });
        assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"message 1".into()));
        assert_eq!(line["text"], "a \"b\"\\\n\t\u{1}é");
        assert_eq!((line["number"].as_i64(), line["large"].as_u64()), (Some(-1), Some(u64::MAX)));
        assert_eq!((line["ratio"].as_f64(), line["none"].is_null()), (Some(0.5), true));
        assert_eq!((&line["yes"], line.get("absent")), (&true.into(), None));
        assert_eq!((&line["shown"], &line["debugged"]), (&"x\ny".into(), &"Some(\"z\")".into()));
        assert_eq!(line["error"], "store is unavailable: disk \"A\"");
        assert_eq!(line["dotted.name"], 1);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
