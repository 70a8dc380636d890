//! Photographs as phones make them, of 48 megapixels: how long an upload and its first rendition take, and
//! how much memory four uploads at once.

use std::{thread, time::Instant};

use anyhow::ensure;

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    photograph::{phone, turned},
    proc,
    report::{MEGABYTES, MILLISECONDS, Report, Target, megabytes},
    server::Server,
};

const UPLOADS: usize = 5;
const AT_ONCE: usize = 4;

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let upright = phone(false)?;
    alone(bench, &upright, report)?;
    let kinds = [
        ("upright", "phone-upright.db", upright.clone(), 160.0),
        ("turned by a quarter", "phone-turned.db", turned(&upright), 320.0),
        ("progressive", "phone-progressive.db", phone(true)?, 320.0),
    ];
    for (kind, store, image, most) in kinds {
        let (peak, refused) = at_once(bench, store, &image)?;
        let name = format!("{AT_ONCE} uploads of 48 megapixels at once, {kind}: peak memory");
        report.figure(&name, Target::AtMost(most), &Spread::new(vec![peak]), MEGABYTES);
        if let Some(why) = refused {
            report.remark(format!("{name}: refused, {why}"));
        }
    }
    Ok(())
}

/// One upload after the other; each time the first picture is requested at once.
fn alone(bench: &Bench, image: &[u8], report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("phone.db"), &[])?;
    let mut client = Client::connect(roster.address())?;
    let (mut stored, mut shown) = (Vec::new(), Vec::new());
    for upload in 0..UPLOADS {
        let began = Instant::now();
        let path = client.create(&format!("phone{upload}@example.org"), image)?;
        stored.push(began.elapsed().as_secs_f64() * 1e3);
        let user = path.split('/').nth(2).unwrap_or_default().to_owned();
        let answered = Instant::now();
        let picture = client.get(&format!("/avatar/{user}?s=128"))?;
        ensure!(picture.status == 200, "{}", picture.status);
        shown.push(answered.elapsed().as_secs_f64() * 1e3);
    }
    let size = megabytes(image.len() as u64);
    let name = format!("`POST /user` of 48 megapixels, {size:.1} MB");
    report.figure(&name, Target::AtMost(500.0), &Spread::new(stored), MILLISECONDS);
    report.figure(
        "its first rendition, after the answer",
        Target::AtMost(1500.0),
        &Spread::new(shown),
        MILLISECONDS,
    );
    Ok(())
}

/// The peak memory in MB, and why an upload was refused.
fn at_once(bench: &Bench, store: &str, image: &[u8]) -> anyhow::Result<(f64, Option<String>)> {
    let roster = Server::roster(bench, &bench.folder.join(store), &[])?;
    let address = roster.address();
    let upload = move |number: usize| -> anyhow::Result<()> {
        Client::connect(address)?.create(&format!("at-once{number}@example.org"), image).map(drop)
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let uploads: Vec<_> = (0..AT_ONCE).map(|number| scope.spawn(move || upload(number))).collect();
        uploads.into_iter().map(|upload| upload.join().expect("a client does not panic")).collect()
    });
    let refused = outcomes.into_iter().find_map(Result::err).map(|error| error.to_string());
    Ok((megabytes(proc::peak_resident(roster.pid())?), refused))
}
