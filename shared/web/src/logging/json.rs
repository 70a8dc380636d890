//! An event as one line of JSON: its fields beside time and level, written straight into the line.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
};

use tracing::{
    Event, Level, Subscriber,
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
        line.write_str(level(*event.metadata().level()))?;
        line.write_str("\"")?;
        let mut fields = Fields { line, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        fields.line.write_str("}\n")
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

struct Fields<'a> {
    line: Writer<'a>,
    result: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        // The name of a field stands in the source: nothing in it needs escaping.
        let name = |line: &mut Writer<'_>| {
            line.write_str(",\"")?;
            line.write_str(field.name())?;
            line.write_str("\":")
        };
        self.result = self.result.and_then(|()| name(&mut self.line)).and_then(|()| value(&mut self.line));
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |line| quoted(line, |text| text.write_str(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |line| line.write_str(if value { "true" } else { "false" }));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no other numbers.
        self.write(
            field,
            |line| {
                if value.is_finite() { write!(line, "{value}") } else { line.write_str("null") }
            },
        );
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, |line| {
            quoted(line, |text| {
                write!(text, "{value}")?;
                let mut inner = value.source();
                while let Some(error) = inner {
                    write!(text, ": {error}")?;
                    inner = error.source();
                }
                Ok(())
            })
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |line| quoted(line, |text| write!(text, "{value:?}")));
    }
}

fn quoted(line: &mut Writer<'_>, text: impl FnOnce(&mut Escaped<'_, '_>) -> fmt::Result) -> fmt::Result {
    line.write_str("\"")?;
    text(&mut Escaped(line))?;
    line.write_str("\"")
}

/// Text inside quotes (RFC 8259, 7).
struct Escaped<'a, 'b>(&'a mut Writer<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
            self.0.write_str(&rest[..at])?;
            match rest.as_bytes()[at] {
                b'\n' => self.0.write_str("\\n")?,
                byte @ (b'"' | b'\\') => write!(self.0, "\\{}", char::from(byte))?,
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &rest[at + 1..];
        }
        self.0.write_str(rest)
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
    fn each_kind_of_field_is_its_kind_of_json() {
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
