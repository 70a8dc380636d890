//! The newer `libsqlite3-sys`, under the number that an older `rusqlite` asks for.

pub use newer::*;
