//! Where the password is. A file is read for each new connection, so that a password can be changed while Roster runs.

use std::{fmt, fs, io, path::PathBuf};

use super::options::Target;
use crate::config;

/// Where the password is.
#[derive(Clone)]
pub(super) enum Password {
    /// None is needed: the server trusts this user or its address.
    None,
    /// In a setting.
    Text(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A file in the format of libpq, a line for each server.
    PassFile(PathBuf),
}

/// Hides the password.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A file with a password cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) file: PathBuf,
    pub(super) why: io::Error,
}

impl Password {
    /// The first that is set: the file, the URL, `PGPASSWORD`, `PGPASSFILE`.
    pub(super) fn of(in_url: Option<String>, settings: config::Password<'_>) -> Self {
        let text = in_url.or_else(|| settings.text.map(str::to_owned));
        match (settings.file, text, settings.passfile) {
            (Some(file), ..) => Self::File(file.into()),
            (None, Some(text), _) => Self::Text(text),
            (None, None, Some(file)) => Self::PassFile(file.into()),
            (None, None, None) => Self::None,
        }
    }

    /// The password for this server now.
    pub(super) fn read(&self, target: &Target) -> Result<Option<String>, Unreadable> {
        let read =
            |file: &PathBuf| fs::read_to_string(file).map_err(|why| Unreadable { file: file.clone(), why });
        match self {
            Self::None => Ok(None),
            Self::Text(text) => Ok(Some(text.clone())),
            Self::File(file) => {
                let text = read(file)?;
                Ok(Some(text.strip_suffix('\n').unwrap_or(&text).trim_end_matches('\r').to_owned()))
            }
            Self::PassFile(file) => Ok(find(&read(file)?, target)),
        }
    }
}

/// The password of the first line that names this server (`host:port:database:user:password`, where `*` is
/// anything), as in <https://www.postgresql.org/docs/current/libpq-pgpass.html>.
fn find(text: &str, target: &Target) -> Option<String> {
    let port = target.port.to_string();
    let names = [port.as_str(), target.database.as_str(), target.user.as_str()];
    // libpq calls a socket in its default folder `localhost`, and that folder differs from system to system.
    let is_host =
        |field: &str| field == target.host || (field == "localhost" && target.host.starts_with('/'));
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [host, others @ .., password] = fields.as_slice() else { return None };
        let is_for_it = (host == "*" || is_host(host))
            && others.len() == names.len()
            && others.iter().zip(names).all(|(field, name)| field == "*" || field == name);
        is_for_it.then(|| password.clone())
    })
}

/// The fields of a line: four end with a colon, the fifth with the line. A backslash escapes the next character.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let is_last = fields.len() == 5;
        match (character, fields.last_mut()) {
            (':', _) if !is_last => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (other, Some(field)) => field.push(other),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target { user: "roster".into(), host: "db".into(), port: 5432, database: "users".into() }
    }

    #[test]
    fn the_first_line_for_the_server_has_the_password() {
        for (text, password) in [
            ("db:5432:users:roster:secret", Some("secret")),
            ("*:*:*:*:a:b", Some("a:b")),
            (r"db:5432:users:roster:a\:b\\c", Some(r"a:b\c")),
            ("# db:5432:users:roster:x\nother:5432:users:roster:y\ndb:*:*:roster:z\n*:*:*:*:last", Some("z")),
            ("db:5433:users:roster:secret", None),
            ("db:5432:users:secret", None),
            ("", None),
        ] {
            assert_eq!(find(text, &target()).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn a_file_holds_the_password_without_its_last_line_break() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, password) in
            [("a b", "a b"), ("secret\n", "secret"), ("secret\r\n", "secret"), (" x\n\n", " x\n")]
        {
            fs::write(file.path(), text).unwrap();
            let source = Password::File(file.path().to_owned());
            assert_eq!(source.read(&target()).unwrap().as_deref(), Some(password));
        }
    }

    #[test]
    fn a_file_is_preferred_and_the_pass_file_comes_last() {
        let all = config::Password { text: Some("t"), file: Some("f"), passfile: Some("p") };
        assert!(matches!(Password::of(Some("u".into()), all), Password::File(_)));
        let without_file = config::Password { file: None, ..all };
        assert!(matches!(Password::of(Some("u".into()), without_file), Password::Text(text) if text == "u"));
        assert!(matches!(Password::of(None, without_file), Password::Text(text) if text == "t"));
        let last = config::Password { text: None, ..without_file };
        assert!(matches!(Password::of(None, last), Password::PassFile(_)));
        assert!(matches!(Password::of(None, config::Password::default()), Password::None));
    }
}
