//! Where spans are sent, by OpenTelemetry's standard variables.

/// The value of the variable of traces or, without one, of all signals, and its name.
pub(super) fn traces_or_all(
    lookup: &impl Fn(&str) -> Option<String>,
    ending: &str,
) -> Option<(String, String)> {
    let names = [format!("OTEL_EXPORTER_OTLP_TRACES_{ending}"), format!("OTEL_EXPORTER_OTLP_{ending}")];
    names.into_iter().find_map(|name| set(lookup, &name).map(|value| (name, value)))
}

/// The endpoint, and the variable that names it; `None` if there is none, or the variables turn traces off.
pub(super) fn endpoint(lookup: &impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let disabled = set(lookup, "OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || set(lookup, "OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    traces_or_all(lookup, "ENDPOINT").filter(|_| !disabled)
}

/// An empty variable counts as unset, as OpenTelemetry has it.
fn set(lookup: &impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}
