//! E-mail addresses.

use std::borrow::Cow;

use email_address::{EmailAddress, Options};
use icu_normalizer::ComposingNormalizerBorrowed;
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

use crate::{FieldError, invisible::is_ignorable};

/// An address `local@domain` of at most 254 bytes, trimmed, kept as given.
///
/// It is compared and hashed in one form: see [`Email::canonical`].
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Longest address in bytes (RFC 5321, 4.5.3.1.3, as corrected by erratum 1690).
    pub const MAX_BYTES: usize = 254;

    /// Checks what a client sent: the local part by RFC 5322 and RFC 6531, in which every letter outside of ASCII
    /// may be part of it, the domain by UTS 46.
    ///
    /// # Errors
    /// [`FieldError`] for an address that is too long or is not `local@domain`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError("must not be empty"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(FieldError("must be at most 254 bytes"));
        }
        if has_invisible(text) {
            return Err(FieldError("must not contain control characters or invisible characters"));
        }
        let not_an_address = FieldError("must be an e-mail address such as ada@example.org");
        let Some((local, domain)) = text.rsplit_once('@') else { return Err(not_an_address) };
        if domain.is_empty() || local.is_empty() {
            return Err(not_an_address);
        }
        let Some(domain) = ascii_domain(domain) else {
            return Err(FieldError(
                "must have a domain after the @: letters, digits and hyphens between dots, such as example.org",
            ));
        };
        // To the grammar, what is outside of ASCII is a letter.
        let letters = local.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { 'a' });
        let address = letters.chain(['@']).chain(domain.chars()).collect::<String>();
        let options = Options::default().without_display_text().without_domain_literal();
        match EmailAddress::parse_with_options(&address, options) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(not_an_address),
        }
    }

    /// An address that [`parse`](Self::parse) of this release or an earlier one accepted, read back from a store.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// As given, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is compared and hashed: lower case, in NFC, the domain in Unicode (UTS 46). What an earlier
    /// release accepted and has no domain is as that release compared it.
    pub fn canonical(&self) -> String {
        if self.is_plain() {
            return self.0.to_ascii_lowercase();
        }
        self.in_unicode().map_or_else(|| self.lower_case(), |(local, domain)| format!("{local}@{domain}"))
    }

    /// The same with its domain in ASCII, as some clients hash it, if that differs.
    pub fn with_ascii_domain(&self) -> Option<String> {
        if self.is_plain() {
            return None;
        }
        let (local, domain) = self.in_unicode()?;
        let ascii = ascii_domain(&domain)?;
        (ascii != domain).then(|| format!("{local}@{ascii}"))
    }

    /// In lower case: the form that earlier releases compared and hashed.
    pub fn lower_case(&self) -> String {
        self.0.to_lowercase()
    }

    /// What an earlier release may have hashed for this mailbox, without [`canonical`](Self::canonical): its parts
    /// as given, and in the forms of the others. Empty for almost every address.
    pub fn former_forms(&self) -> Vec<String> {
        if self.is_plain() {
            return Vec::new();
        }
        let lower = self.lower_case();
        let (Some((local, domain)), Some((given_local, given_domain))) =
            (self.in_unicode(), lower.rsplit_once('@'))
        else {
            return Vec::new();
        };
        let canonical = format!("{local}@{domain}");
        let ascii = ascii_domain(&domain);
        let mut forms = Vec::new();
        for local in [given_local, &local] {
            for domain in [Some(given_domain), Some(&*domain), ascii.as_deref()].into_iter().flatten() {
                let form = format!("{local}@{domain}");
                if form != canonical && !forms.contains(&form) {
                    forms.push(form);
                }
            }
        }
        forms
    }

    /// Whether it has only one form, but for capital letters.
    fn is_plain(&self) -> bool {
        let is_punycode =
            |label: &str| label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
        self.0.is_ascii() && !self.0.split(['@', '.']).any(is_punycode)
    }

    /// Its two parts in the form that is compared; `None` where an earlier release accepted what is not a domain.
    fn in_unicode(&self) -> Option<(String, String)> {
        let (local, domain) = self.0.rsplit_once('@')?;
        let (domain, checked) =
            Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        checked.is_ok().then(|| (nfc(&nfc(local).to_lowercase()).into_owned(), domain.into_owned()))
    }
}

/// Hides the address: it must not reach a log.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The domain as DNS has it; `None` if it is not a domain of mail (RFC 5321, 4.1.2).
fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()
}

/// Whether a reader would take it for another address. Two joiners are letters of some scripts: they follow a
/// letter there.
fn has_invisible(text: &str) -> bool {
    let mut before = 'a';
    text.chars().any(|c| {
        let joins = matches!(c, '\u{200c}' | '\u{200d}') && !before.is_ascii() && !is_ignorable(before);
        before = c;
        c.is_control() || (c.is_whitespace() && !c.is_ascii()) || (is_ignorable(c) && !joins)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        Email::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).canonical()
    }

    #[test]
    fn an_address_is_trimmed_and_shown_as_given() {
        let email = Email::parse("  Ada.Lovelace@Example.ORG\n").unwrap();
        assert_eq!(email.as_str(), "Ada.Lovelace@Example.ORG");
        assert_eq!(email.canonical(), "ada.lovelace@example.org");
    }

    #[test]
    fn addresses_of_every_script_are_accepted_as_given() {
        for text in [
            "संपर्क@डाटामेल.भारत",
            "ผู้ใช้@ตัวอย่าง.ไทย",
            "பயனர்@எடுத்துக்காட்டு.இந்தியா",
            "వాడుకరి@ఉదాహరణ.భారత్",
            "ഉപയോക്താവ്@ഉദാഹരണം.ഭാരതം",
            "អ្នកប្រើ@ឧទាហរណ៍.ខ្មែរ",
            "用户@例子.广告",
            "ユーザー@例え.テスト",
            "사용자@예시.한국",
            "пользователь@пример.рф",
            "χρήστης@παράδειγμα.ελ",
            "مستخدم@مثال.موقع",
            "משתמש@דוגמה.טעסט",
            "نمی\u{200c}دانم@example.org",
            "mu\u{308}ller@example.org",
            "x@bücher.example",
            "x@xn--bcher-kva.example",
            "O'Neil+tag@example.org",
            "\"a b\"@example.org",
            "ada@localhost",
        ] {
            assert_eq!(Email::parse(text).as_ref().map(Email::as_str), Ok(text), "{text}");
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(60).repeat(4));
        let long_local = format!("{}@example.org", "é".repeat(33));
        for text in [
            "",
            " ",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "Ada <ada@example.org>",
            "a@[1.2.3.4]",
            "a@b\u{0}c",
            "a@b.org?cc=x",
            "a@b/c.org",
            "a@b#c.org",
            "a@b|c.org",
            "a@ex*mple.org",
            "a@b_c.org",
            "a@b%20c.org",
            "a@-b.org",
            "a@b-.org",
            "a@b..org",
            "a@.org",
            "a@b.org.",
            "a@b\u{ff1f}c.org",
            "a@\u{2100}b.org",
            "a@xn--99999999.org",
            "a..b@example.org",
            ".a@example.org",
            "a,b@example.org",
            "a@b@example.org",
            "a\u{a0}b@example.org",
            "a\u{200b}b@example.org",
            "a\u{200d}b@example.org",
            "a\u{202e}b@example.org",
            "a@exam\u{ad}ple.org",
            "\u{3164}@example.org",
            &format!("a@{}.org", "b".repeat(64)),
            &long_local,
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_refusal_names_its_reason() {
        for (text, reason) in [
            ("ada", "an e-mail address"),
            ("a b@example.org", "an e-mail address"),
            ("a@b.org?cc=x", "a domain after the @"),
            ("a\u{200b}b@example.org", "invisible"),
        ] {
            let error = Email::parse(text).unwrap_err();
            assert!(error.to_string().contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_spellings_of_one_mailbox_are_compared_as_one() {
        for (spellings, one) in [
            (&["Ada@Example.ORG", "ada@example.org", "ada@ｅｘａｍｐｌｅ。org"][..], "ada@example.org"),
            (
                &[
                    "x@bücher.example",
                    "X@BÜCHER.example",
                    "x@bu\u{308}cher.example",
                    "x@xn--bcher-kva.example",
                    "x@XN--BCHER-KVA.EXAMPLE",
                ],
                "x@bücher.example",
            ),
            (
                &["müller@example.org", "mu\u{308}ller@example.org", "MU\u{308}LLER@example.org"],
                "müller@example.org",
            ),
            (&["x@faß.example", "x@xn--fa-hia.example"], "x@faß.example"),
            (&["क\u{93c}@example.org", "\u{958}@example.org"], "क\u{93c}@example.org"),
            (&["ΟΔΟΣ@example.org", "οδος@example.org"], "οδος@example.org"),
            (&["a@मेल.भारत", "a@xn--r2bi6d.xn--h2brj9c"], "a@मेल.भारत"),
        ] {
            for spelling in spellings {
                assert_eq!(canonical(spelling), one, "{spelling}");
            }
        }
        assert_ne!(canonical("x@faß.example"), canonical("x@fass.example"));
    }

    #[test]
    fn the_forms_of_earlier_releases_are_known() {
        for (text, forms) in [
            ("Ada@Example.org", &[][..]),
            ("müller@example.org", &[]),
            ("x@bücher.example", &["x@xn--bcher-kva.example"]),
            ("X@xn--BCHER-kva.example", &["x@xn--bcher-kva.example"]),
            ("mu\u{308}ller@example.org", &["mu\u{308}ller@example.org"]),
            (
                "u\u{308}@bücher.example",
                &["u\u{308}@bücher.example", "u\u{308}@xn--bcher-kva.example", "ü@xn--bcher-kva.example"],
            ),
        ] {
            assert_eq!(Email::parse(text).unwrap().former_forms(), forms, "{text}");
        }
        let ascii = |text| Email::parse(text).unwrap().with_ascii_domain();
        assert_eq!(ascii("X@Bücher.example").as_deref(), Some("x@xn--bcher-kva.example"));
        assert_eq!(ascii("ü@example.org"), None);
    }

    #[test]
    fn what_an_earlier_release_accepted_is_compared_as_it_did() {
        for (text, canonical) in
            [("A@B.org?cc=É", "a@b.org?cc=é"), ("É@xn--99999999.org", "é@xn--99999999.org")]
        {
            let email = Email::from_store(text.to_owned());
            assert_eq!((email.canonical().as_str(), email.former_forms()), (canonical, Vec::new()));
        }
    }

    #[test]
    fn debug_hides_the_address() {
        assert!(!format!("{:?}", Email::parse("ada@example.org").unwrap()).contains("ada"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_accepts_its_own_output(text in "\\PC{0,300}|\\PC{1,9}@\\PC{1,9}\\.[a-z]{2}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().len() <= Email::MAX_BYTES);
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email.clone());
                let canonical = Email::from_store(email.canonical());
                prop_assert_eq!(canonical.canonical(), email.canonical());
                prop_assert!(!email.former_forms().contains(&email.canonical()));
            }
        }

        #[test]
        fn plain_addresses_are_accepted(text in "[a-zA-Z0-9]{1,20}@[a-z]{1,20}\\.[a-z]{2,10}") {
            let email = Email::parse(&format!(" {text} ")).unwrap();
            prop_assert_eq!(email.canonical(), text.to_lowercase());
            prop_assert!(email.former_forms().is_empty());
        }
    }
}
