//! The names of all places where faults can be injected: the methods of the ports, and what each adapter of
//! this program lists.

use domain::Operation;

pub(crate) fn fault_names() -> impl Iterator<Item = &'static str> {
    let adapters: &[&[&str]] = &[
        #[cfg(feature = "dynamodb")]
        crate::aws::call::Call::NAMES,
        #[cfg(feature = "postgres")]
        crate::postgres::step_name::StepName::NAMES,
        #[cfg(feature = "sqlite")]
        crate::sqlite::step_name::StepName::NAMES,
    ];
    let adapters = adapters.iter().flat_map(|names| names.iter().copied());
    Operation::ALL.iter().map(|operation| operation.name()).chain(adapters)
}
