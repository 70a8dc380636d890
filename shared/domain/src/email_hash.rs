//! The hashes by which clients ask for the picture of an e-mail.

use crate::{Email, Md5, UserId};

/// A hash of an e-mail, as a client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailHash {
    /// SHA-256.
    Sha256(UserId),
    /// MD5, for older clients.
    Md5(Md5),
}

impl EmailHash {
    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(id) => id.as_bytes(),
            Self::Md5(md5) => md5.as_bytes(),
        }
    }
}

/// The hashes of a user's e-mail, by which a store finds the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailHashes {
    /// MD5 of the form whose SHA-256 is the user's id.
    pub md5: Md5,
    /// Those of the other form, if the e-mail has one: with its domain in ASCII; of a user whose id an earlier
    /// release made by other rules, the form that is hashed today.
    pub other: Option<(UserId, Md5)>,
}

impl EmailHashes {
    /// Of the user with this id and e-mail.
    pub fn of(id: &UserId, email: &Email) -> Self {
        let canonical = email.canonical();
        let hashes = |form: &str| (UserId::of_form(form), Md5::of_form(form));
        if *id == UserId::of_form(&canonical) {
            let other = email.with_ascii_domain().map(|form| hashes(&form));
            return Self { md5: Md5::of_form(&canonical), other };
        }
        let former = email.former_forms().into_iter().find(|form| *id == UserId::of_form(form));
        let former = former.unwrap_or_else(|| email.lower_case());
        Self { md5: Md5::of_form(&former), other: Some(hashes(&canonical)) }
    }

    /// All of them, with the id.
    pub fn all(&self, id: &UserId) -> impl Iterator<Item = EmailHash> {
        let (other_id, other_md5) = self.other.unzip();
        let ids = [Some(*id), other_id].into_iter().flatten().map(EmailHash::Sha256);
        ids.chain([Some(self.md5), other_md5].into_iter().flatten().map(EmailHash::Md5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: &str = "x@bücher.example";
    const ASCII: &str = "x@xn--bcher-kva.example";

    #[test]
    fn a_user_has_the_hashes_of_both_forms_of_its_domain() {
        let (of, md5) = (UserId::of_form, Md5::of_form);
        for spelling in [UNICODE, ASCII, "X@BÜCHER.Example"] {
            let email = Email::parse(spelling).unwrap();
            let id = UserId::of(&email);
            assert_eq!(id, of(UNICODE));
            let hashes = EmailHashes::of(&id, &email);
            assert_eq!(hashes, EmailHashes { md5: md5(UNICODE), other: Some((of(ASCII), md5(ASCII))) });
            assert_eq!(hashes.all(&id).count(), 4);
            // Of an earlier release.
            let former = EmailHashes::of(&of(ASCII), &email);
            assert_eq!(former, EmailHashes { md5: md5(ASCII), other: Some((of(UNICODE), md5(UNICODE))) });
        }
    }

    #[test]
    fn most_users_have_two_hashes() {
        let email = Email::parse("Ada@Example.org").unwrap();
        let id = UserId::of(&email);
        let hashes = EmailHashes::of(&id, &email);
        assert_eq!(hashes, EmailHashes { md5: Md5::of(&email), other: None });
        let all: Vec<_> = hashes.all(&id).collect();
        assert_eq!(all, [EmailHash::Sha256(id), EmailHash::Md5(Md5::of(&email))]);
    }
}
