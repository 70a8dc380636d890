//! `POST /user`.

use crate::support::{BASE, TestApp, form::Form, pictures};

#[tokio::test]
async fn an_uploaded_photograph_is_served_at_its_avatar_url() {
    let app = TestApp::start().await;
    let photograph = pictures::sample("portrait.jpg");
    let answer = app.post(Form::user(" Ada Lovelace ", "Ada@Example.org", &photograph)).await;
    assert_eq!(answer.status, 201);
    let user = answer.json();
    let mut members: Vec<_> = user.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["avatar_url", "email", "id", "name"]);
    assert_eq!(
        (user["name"].as_str(), user["email"].as_str()),
        (Some("Ada Lovelace"), Some("Ada@Example.org"))
    );
    assert_eq!(answer.header("location"), format!("/users/{}", user["id"].as_str().unwrap()));
    assert!(user["avatar_url"].as_str().unwrap().starts_with(&format!("{BASE}/avatars/")));

    let image = app.image(&user["avatar_url"]).await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (200, "image/jpeg"));
    assert_eq!(pictures::opens(&image.body), pictures::opens(&photograph));
}

#[tokio::test]
async fn the_order_of_the_parts_does_not_matter() {
    let app = TestApp::start().await;
    let form = Form::default()
        .file("avatar", &pictures::small_jpeg())
        .text("email", "a@b.example")
        .text("name", "A");
    assert_eq!(app.post(form).await.status, 201);
}

#[tokio::test]
async fn all_invalid_fields_are_reported_at_once() {
    let app = TestApp::start().await;
    let answer = app.post(Form::user("\u{1}", "ada", b"")).await;
    assert_eq!(answer.is(400, "invalid-fields").fields(), ["name", "email", "avatar"]);
    let answer = app.post(Form::default()).await;
    assert_eq!(answer.is(400, "invalid-fields").fields(), ["name", "email", "avatar"]);
}

#[tokio::test]
async fn a_taken_email_is_a_conflict_in_any_letter_case() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let again = app.post(Form::user("Eve", " ADA@example.ORG ", &pictures::small_jpeg())).await;
    again.is(409, "email-taken");
    assert_eq!(app.users().await[0]["name"], "Ada");
}

#[tokio::test]
async fn an_international_email_is_taken_in_every_spelling_and_shown_as_given() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    for [given, others @ ..] in [
        ["संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c", "संपर्क@डाटामेल.भारत"],
        ["mu\u{308}ller@example.org", "müller@example.org", "MÜLLER@EXAMPLE.ORG"],
        ["x@xn--bcher-kva.example", "x@bücher.example", "X@bu\u{308}cher.Example"],
    ] {
        let created = app.post(Form::user("Ada", given, &image)).await;
        assert_eq!(created.is_created()["email"], given);
        for other in others {
            app.post(Form::user("Eve", other, &image)).await.is(409, "email-taken");
        }
    }
    assert_eq!(app.users().await.len(), 3);
}

#[tokio::test]
async fn an_invalid_email_or_name_is_a_problem_that_says_why() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    for (name, email, field, why) in [
        ("Ada", "a@b.org?cc=x", "email", "domain"),
        ("Ada", "a@ex*mple.org", "email", "domain"),
        ("Ada", "a\u{200b}@example.org", "email", "invisible"),
        ("\u{3164}", "a@example.org", "name", "visible character"),
        ("Ada\u{202e}", "a@example.org", "name", "text direction"),
    ] {
        let answer = app.post(Form::user(name, email, &image)).await;
        assert_eq!(answer.is(400, "invalid-fields").fields(), [field]);
        let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why), "{detail}");
    }
}

#[tokio::test]
async fn a_user_that_breaks_todays_rules_is_listed_changed_and_erased() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let file = rusqlite::Connection::open(app.file()).unwrap();
    let changed = file.execute("UPDATE users SET name = ?, email = ?", ["\u{202e}", "a@b.org?cc=x"]).unwrap();
    assert_eq!(changed, 1);
    drop(file);
    let listed = &app.users().await[0];
    assert_eq!((listed["name"].as_str(), listed["email"].as_str()), (Some("\u{202e}"), Some("a@b.org?cc=x")));
    assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
    assert_eq!(app.patch(&id, "{}").await.json()["name"], "\u{202e}");
    app.patch(&id, "{\"name\": \"\u{2066}\"}").await.is(400, "invalid-fields");
    assert_eq!(app.patch(&id, "{\"name\": \"Ada\"}").await.json()["email"], "a@b.org?cc=x");
    assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
}

#[tokio::test]
async fn one_of_two_racing_creates_wins_and_keeps_its_image() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let email = format!("ada{round}@example.org");
        let forms = [(31, "Ada"), (17, "Eve")].map(|(side, name)| {
            let image = pictures::picture(side, side, 0, image::ImageFormat::Png);
            app.post(Form::user(name, &email, &image))
        });
        let [ada, eve] = <[_; 2]>::try_from(futures_util::future::join_all(forms).await).unwrap();
        let (won, lost, side) = if ada.status == 201 { (ada, eve, 31) } else { (eve, ada, 17) };
        assert_eq!(won.status, 201);
        lost.is(409, "email-taken");
        let image = app.image(&won.json()["avatar_url"]).await;
        assert_eq!(pictures::opens(&image.body), (side, side));
    }
    assert_eq!(app.users().await.len(), 10);
}

#[tokio::test]
async fn a_request_can_be_repeated_under_its_idempotency_key() {
    let app = TestApp::start().await;
    let form = Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    let first = app.post(form.clone().header("Idempotency-Key", "k-1")).await;
    assert_eq!(first.status, 201);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app.patch(&id, r#"{"name": "Ada King"}"#).await.status, 200);

    let again = app.post(form.clone().header("Idempotency-Key", "k-1")).await;
    assert_eq!((again.status.as_u16(), again.json()["name"].as_str()), (201, Some("Ada King")));
    let other = Form::user("Eve", "ada@example.org", &pictures::small_jpeg());
    app.post(other.header("Idempotency-Key", "k-1")).await.is(422, "idempotency-key-reused");
    app.post(form.clone().header("Idempotency-Key", "k-2")).await.is(409, "email-taken");
    app.post(form.clone()).await.is(409, "email-taken");

    assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
    let fresh = app.post(form.header("Idempotency-Key", "k-1")).await;
    assert_eq!((fresh.status.as_u16(), fresh.json()["name"].as_str()), (201, Some("Ada")));
}

#[tokio::test]
async fn a_malformed_idempotency_key_is_refused() {
    let app = TestApp::start().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let form =
            Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).header("Idempotency-Key", key);
        app.post(form).await.is(400, "bad-request");
    }
    assert!(app.users().await.is_empty());
}
