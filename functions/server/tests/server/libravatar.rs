//! `GET /avatar/{hash}`, and users without a picture.

use std::collections::BTreeSet;

use domain::{Digest, Email, Md5};
use futures_util::future::join_all;
use image::ImageFormat::{Gif, Jpeg, Png, WebP};

use crate::support::{Answer, BASE, Settings, TestApp, form::Form, metrics::value, pictures};

const ADA: &str = "ada@example.org";

fn with_defaults() -> Settings {
    Settings {
        default_image_hosts: vec!["images.example.org".to_owned()],
        initials: true,
        ..Settings::default()
    }
}

fn md5(email: &str) -> Md5 {
    Md5::of(&Email::parse(email).unwrap())
}

#[tokio::test]
async fn a_picture_is_found_by_the_hashes_of_both_forms_of_a_domain() {
    let app = TestApp::start().await;
    // As clients make them, which hash what they are given: printf x@bücher.example | md5sum
    let [unicode, ascii] = ["x@bücher.example", "x@xn--bcher-kva.example"];
    let md5s = ["8b4b108e462229a293a483256c809bb6", "bc999a385367e1f68bcb29221423285f"];
    let sha256s = [unicode, ascii].map(|form| Digest::of(form.as_bytes()).to_string());
    let hashes = [md5s.map(str::to_owned), sha256s.clone()];
    for given in [ascii, unicode] {
        let id = app.user(given).await;
        assert_eq!(id, sha256s[0]);
        for hash in hashes.as_flattened() {
            let picture = app.get(&format!("/avatar/{hash}?d=404")).await;
            assert_eq!(picture.status, 200, "{given} {hash}");
        }
        app.request("DELETE", &format!("/users/{id}"), &[], "").await;
        for hash in hashes.as_flattened() {
            app.get(&format!("/avatar/{hash}?d=404")).await.is(404, "not-found");
        }
    }
}

/// How many renditions are stored.
fn kept(app: &TestApp) -> i64 {
    let file = app.file();
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.query_row("SELECT count(*) FROM renditions", [], |row| row.get(0)).unwrap()
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap()
}

fn is_square(answer: &Answer, pixels: u32, content_type: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), content_type);
    assert_eq!(pictures::opens(&answer.body), (pixels, pixels));
}

#[tokio::test]
async fn a_picture_is_found_by_either_hash_in_the_requested_size() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    let hashes = [id.clone(), id.to_uppercase(), md5(ADA).to_string()];
    for hash in hashes {
        for (query, pixels) in [
            ("", 80),
            ("?s=1", 1),
            ("?size=64", 64),
            ("?s=200", 200),
            ("?s=512", 512),
            ("?s=99999", 512),
            ("?s=0", 80),
            ("?s=-1", 80),
            ("?s=abc", 80),
            ("?s=100&s=200", 100),
            ("?r=x&rating=pg&unknown=%ff", 80),
        ] {
            is_square(&app.get(&format!("/avatar/{hash}{query}")).await, pixels, "image/jpeg");
        }
    }
}

#[tokio::test]
async fn a_malformed_hash_is_a_bad_request() {
    let app = TestApp::start().await;
    for path in [
        "/avatar/abc",
        "/avatar/ada@example.org",
        "/avatar/cfe00dde46ef942601ffafb9e2825e80.gif",
        "/avatar/cfe00dde46ef942601ffafb9e2825e8.png",
        "/avatar/%00",
    ] {
        app.get(path).await.is(400, "bad-request");
    }
}

#[tokio::test]
async fn the_format_is_that_of_the_extension_or_what_the_client_accepts() {
    let app = TestApp::start().await;
    let opaque = app.user(ADA).await;
    let form = Form::user("Eve", "eve@example.org", &pictures::sample("badge.png"));
    let transparent = app.post(form).await.json()["id"].as_str().unwrap().to_owned();
    for (id, plain) in [(opaque, "image/jpeg"), (transparent, "image/png")] {
        for size in [80, 128] {
            for (extension, accept, content_type) in [
                ("", "", plain),
                ("", "*/*", plain),
                ("", "image/avif,image/webp,image/*", "image/webp"),
                ("", "image/webp;q=0", plain),
                (".jpg", "image/webp", "image/jpeg"),
                (".jpeg", "", "image/jpeg"),
                (".png", "image/webp", "image/png"),
                (".webp", "", "image/webp"),
            ] {
                let path = format!("/avatar/{id}{extension}?s={size}");
                let answer = app.request("GET", &path, &[("accept", accept)], "").await;
                is_square(&answer, size, content_type);
                let varies = answer.header("vary").to_lowercase().contains("accept");
                assert_eq!(varies, extension.is_empty(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_picture_is_cached_for_five_minutes_and_revalidated_by_its_etag() {
    let app = TestApp::start().await;
    let path = format!("/avatar/{}", app.user(ADA).await);
    let answer = app.get(&path).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("etag"), format!("\"{}\"", Digest::of(&answer.body)));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let again = app.request("GET", &path, &[("if-none-match", answer.header("etag"))], "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let head = app.request("HEAD", &path, &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
}

#[tokio::test]
async fn concurrent_requests_make_each_missing_rendition_once() {
    for cache_bytes in [64 << 20, 0] {
        let app = TestApp::with(Settings { cache_bytes, ..Settings::default() }).await;
        let id = app.user(ADA).await;
        assert_eq!(kept(&app), 0);
        let sizes = [64, 64, 80, 128, 200, 512];
        let paths: Vec<_> = sizes.iter().map(|size| format!("/avatar/{id}?s={size}")).collect();
        for (answer, size) in join_all(paths.iter().map(|path| app.get(path))).await.iter().zip(sizes) {
            is_square(answer, size, "image/jpeg");
        }
        // Of 64, 128, 256 and 512.
        assert_eq!(kept(&app), 4);
        let rendered = "roster_image_work_duration_seconds_count";
        assert_eq!(
            value(&app.telemetry.scrape(None), rendered, &["task=\"image.render\""]),
            4,
            "{cache_bytes}"
        );
    }
}

#[tokio::test]
async fn renditions_that_cannot_be_stored_are_still_served() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    app.faults.set("renditions.keep=unavailable").unwrap();
    is_square(&app.get(&format!("/avatar/{id}")).await, 80, "image/jpeg");
    assert_eq!(kept(&app), 0);
}

#[tokio::test]
async fn a_store_failure_does_not_fall_back_to_a_default() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    for fault in ["users.find", "renditions.read", "avatars.read_upload"] {
        app.faults.set(&format!("{fault}=unavailable")).unwrap();
        app.get(&format!("/avatar/{id}")).await.is(503, "unavailable");
    }
}

#[tokio::test]
async fn users_without_an_avatar_get_the_requested_default() {
    let app = TestApp::with(with_defaults()).await;
    let with_picture = app.user(ADA).await;
    let unknown = md5("unknown@example.org").to_string();
    let mut pictures_seen = BTreeSet::new();
    for (default, same_as) in [
        ("mp", None),
        ("identicon", None),
        ("retro", None),
        ("blank", None),
        ("mm", Some("mp")),
        ("", Some("mp")),
        ("nothing", Some("mp")),
        ("initials", Some("mp")),
        ("https://elsewhere.example.org/a.png", Some("mp")),
        ("monsterid", Some("identicon")),
        ("wavatar", Some("identicon")),
        ("robohash", Some("identicon")),
        ("pagan", Some("identicon")),
    ] {
        let answer = app.get(&format!("/avatar/{unknown}.png?d={default}")).await;
        is_square(&answer, 80, "image/png");
        match same_as {
            None => assert!(pictures_seen.insert(answer.body.clone()), "{default}"),
            Some(other) => {
                let other = app.get(&format!("/avatar/{unknown}.png?d={other}")).await;
                assert_eq!(answer.body, other.body, "{default}");
            }
        }
        let forced = app.get(&format!("/avatar/{with_picture}.png?f=y&d={default}")).await;
        is_square(&forced, 80, "image/png");
    }
    app.get(&format!("/avatar/{unknown}?d=404")).await.is(404, "not-found");
    app.get(&format!("/avatar/{with_picture}?d=404&forcedefault=y")).await.is(404, "not-found");
    assert_eq!(app.get(&format!("/avatar/{with_picture}?d=404")).await.status, 200);
}

#[tokio::test]
async fn default_urls_must_be_on_an_allowed_host() {
    let app = TestApp::with(with_defaults()).await;
    let unknown = md5("unknown@example.org").to_string();
    let allowed = "https://Images.example.org:8443/a%20b.png?c=d";
    let encoded = |url: &str| {
        url.bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)]).collect::<String>()
    };
    let answer = app.get(&format!("/avatar/{unknown}?d={}", encoded(allowed))).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, allowed));
    for (url, location) in [
        (
            "https://images.example.org/größe/ä.png?n=é",
            "https://images.example.org/gr%C3%B6%C3%9Fe/%C3%A4.png?n=%C3%A9",
        ),
        ("https://images.example.org/a b{c}.png", "https://images.example.org/a%20b%7Bc%7D.png"),
    ] {
        let answer = app.get(&format!("/avatar/{unknown}?d={}", encoded(url))).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, location));
    }
    for url in [
        "https://elsewhere.example.org/a.png",
        "https://images.example.org.evil.example/a.png",
        "https://images.example.org@evil.example/a.png",
        "https://evil.example/@images.example.org",
        "https://evil.example\\@images.example.org/",
        "//images.example.org/a.png",
        "ftp://images.example.org/a.png",
        "https://images.example.org/\r\nset-cookie: a=b",
        "https://",
        "https://images.example.org/\u{0}",
        "https://images.example.org/\u{85}",
        "https://imäges.example.org/",
    ] {
        let answer = app.get(&format!("/avatar/{unknown}?d={}", encoded(url))).await;
        is_square(&answer, 80, "image/jpeg");
        assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn initials_are_shown_where_they_are_allowed() {
    for (settings, differs) in [(with_defaults(), true), (Settings::default(), false)] {
        let app = TestApp::with(settings).await;
        let id = app.user(ADA).await;
        assert_eq!(app.request("DELETE", &format!("/users/{id}/avatar"), &[], "").await.status, 204);
        let initials = app.get(&format!("/avatar/{id}?d=initials")).await;
        let person = app.get(&format!("/avatar/{id}?d=mp")).await;
        assert_eq!(initials.body != person.body, differs);
    }
}

#[tokio::test]
async fn a_removed_picture_is_replaced_by_a_generated_one() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    let avatar = format!("/users/{id}/avatar");
    let image = app.users().await[0]["avatar_url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    let seen = app.get(&format!("/avatar/{id}")).await;
    let tag = app.get(&format!("/users/{id}")).await.header("etag").to_owned();

    app.request("DELETE", &avatar, &[("if-match", "\"0-0\"")], "").await.is(412, "precondition-failed");
    assert_eq!(app.request("DELETE", &avatar, &[("if-match", &tag)], "").await.status, 204);
    app.get(&image).await.is(404, "not-found");
    assert_eq!(kept(&app), 0);
    let url = format!("{BASE}/avatar/{id}");
    assert_eq!(app.users().await[0]["avatar_url"], url);
    assert_eq!(app.get(&format!("/users/{id}")).await.json()["avatar_url"], url);
    let default = app.image(&app.users().await[0]["avatar_url"]).await;
    assert!(default.status == 200 && default.body != seen.body);
    app.get(&format!("/avatar/{id}?d=404")).await.is(404, "not-found");
    // Again, and for an unknown user.
    assert_eq!(app.request("DELETE", &avatar, &[], "").await.status, 204);
    app.request("DELETE", &format!("/users/{}/avatar", "0".repeat(64)), &[], "").await.is(404, "not-found");

    assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
    assert_eq!(app.get(&format!("/avatar/{id}")).await.body, seen.body);
}

#[tokio::test]
async fn an_erased_or_replaced_picture_is_not_served_from_the_cache() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    let path = format!("/avatar/{id}?d=404");
    let first = app.get(&path).await;
    assert_eq!(app.get(&path).await.body, first.body);
    assert_eq!(app.put_image(&id, &pictures::picture(90, 90, 3, Gif)).await.status, 200);
    let second = app.get(&path).await;
    assert!(second.status == 200 && second.body != first.body);
    assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
    app.get(&path).await.is(404, "not-found");
}

#[tokio::test]
async fn every_kind_of_upload_becomes_a_square() {
    let app = TestApp::start().await;
    let id = app.user(ADA).await;
    for (width, height, format) in [(600, 20, Jpeg), (20, 600, Png), (1, 1, WebP), (300, 300, Gif)] {
        let image = pictures::picture(width, height, 1, format);
        assert_eq!(app.put_image(&id, &image).await.status, 200);
        is_square(&app.get(&format!("/avatar/{id}.webp?s=96")).await, 96, "image/webp");
    }
}

#[tokio::test]
async fn many_concurrent_unknown_hashes_are_all_answered_and_store_nothing() {
    let app = TestApp::with(Settings { cache_bytes: 1 << 20, ..Settings::default() }).await;
    let paths: Vec<_> = (0..10_000).map(|n| format!("/avatar/{n:064x}?d=identicon&s=8")).collect();
    let answers = join_all(paths.iter().map(|path| app.get(path))).await;
    let (drawn, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in &refused {
        assert!(answer.status == 503 && answer.headers.contains_key("retry-after"), "{answer:?}");
    }
    assert!(!drawn.is_empty());
    assert_eq!(kept(&app), 0);
    // And it still answers.
    is_square(&app.get(&paths[9_999]).await, 8, "image/jpeg");
}
