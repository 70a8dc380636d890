//! Images as clients send them: the promises of `imaging`, tested through the API.

use crate::support::{Settings, TestApp, form::Form, pictures};

#[tokio::test]
async fn other_kinds_are_refused_by_name() {
    let app = TestApp::start().await;
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice();
    for (bytes, name) in [
        (heic, "HEIC"),
        (b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"),
        (b"<!doctype html><html><script>alert(1)</script>", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "BMP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
    ] {
        let answer = app.post(Form::user("Ada", "ada@example.org", bytes)).await;
        answer.is(415, "unsupported-image");
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{answer:?}");
    }
    let heic = app.post(Form::user("Ada", "ada@example.org", heic)).await;
    assert!(heic.json()["detail"].as_str().unwrap().contains("JPEG"), "the hint to export");
    app.post(Form::user("Ada", "ada@example.org", b"just text")).await.is(415, "unsupported-image");
}

#[tokio::test]
async fn a_damaged_image_is_a_422_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let photograph = pictures::sample("portrait.jpg");
    let half = &photograph[..photograph.len() / 2];
    app.post(Form::user("Ada", "ada@example.org", half)).await.is(422, "undecodable-image");
    assert!(app.users().await.is_empty());
}

#[tokio::test]
async fn an_image_bomb_is_refused_from_its_header() {
    let app = TestApp::start().await;
    let mut bomb = pictures::picture(1, 1, 0, image::ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let crc = crc32fast::hash(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    bomb.extend(vec![0; 50_000]);
    let answer = app.post(Form::user("Ada", "ada@example.org", &bomb)).await;
    answer.is(422, "image-too-demanding");
    assert!(answer.json()["detail"].as_str().unwrap().contains("20000 x 20000"));
}

#[tokio::test]
async fn an_image_that_needs_more_than_the_memory_is_refused() {
    let app = TestApp::with(Settings { image_memory_bytes: 64 << 10, ..Default::default() }).await;
    let image = pictures::picture(1000, 1000, 0, image::ImageFormat::Png);
    app.post(Form::user("Ada", "ada@example.org", &image)).await.is(422, "image-too-demanding");
}

#[tokio::test]
async fn a_photograph_is_turned_upright_and_has_no_location() {
    let app = TestApp::start().await;
    let photograph = pictures::sample("landscape.jpg");
    assert!(contains(&photograph, b"Exif"), "the sample has EXIF");
    let (width, height) = pictures::opens(&photograph);
    let user = app.post(Form::user("Ada", "ada@example.org", &photograph)).await.json();
    let kept = app.image(&user["avatar_url"]).await.body;
    assert_eq!(pictures::opens(&kept), (height, width));
    assert!(!contains(&kept, b"Exif"));
}

#[tokio::test]
async fn only_the_picture_of_a_polyglot_is_kept() {
    let app = TestApp::start().await;
    let polyglot = [pictures::small_jpeg(), b"<html><script>alert(1)</script></html>".to_vec()].concat();
    let user = app.post(Form::user("Ada", "ada@example.org", &polyglot)).await.json();
    let kept = app.image(&user["avatar_url"]).await.body;
    assert!(!contains(&kept, b"script"));
    assert_eq!(pictures::opens(&kept), (16, 16));
}

#[tokio::test]
async fn an_image_of_one_pixel_is_accepted() {
    let app = TestApp::start().await;
    for (number, format) in
        [image::ImageFormat::Jpeg, image::ImageFormat::Png, image::ImageFormat::WebP, image::ImageFormat::Gif]
            .into_iter()
            .enumerate()
    {
        let image = pictures::picture(1, 1, 0, format);
        let answer = app.post(Form::user("Ada", &format!("ada{number}@example.org"), &image)).await;
        assert_eq!(answer.status, 201, "{format:?}");
    }
}

#[tokio::test]
async fn eight_concurrent_images_of_32_megapixels_are_all_served() {
    let settings = Settings::default();
    let image = pictures::progressive_jpeg(8000, 4000);
    let needed_bytes = imaging::inspect(image.clone().into()).unwrap().working_bytes();
    assert!(2 * needed_bytes > settings.image_memory_bytes, "{needed_bytes}: each waits for the one before");
    let app = TestApp::with(settings).await;
    let emails: Vec<_> = (0..8).map(|number| format!("ada{number}@example.org")).collect();
    let answers = emails.iter().map(|email| app.post(Form::user("Ada", email, &image)));
    for answer in futures_util::future::join_all(answers).await {
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
