use super::*;

const MS: Duration = Duration::from_millis(1);

fn at(ms: u32) -> Duration {
    MS * ms
}

/// Enters work that is represented by its name.
fn enter(
    scheduler: &mut Scheduler<&'static str>,
    share: Share,
    bytes: u64,
    what: &'static str,
    now: Duration,
) {
    scheduler.enter(share, bytes, what, now).expect("a free place in the queue");
}

/// All that begins now.
fn begin(scheduler: &mut Scheduler<&'static str>, now: Duration) -> Vec<&'static str> {
    std::iter::from_fn(|| scheduler.next(now)).map(|begun| begun.what).collect()
}

#[test]
fn a_request_begins_before_an_event_that_waits_longer() {
    let mut scheduler = Scheduler::new(100, 1);
    enter(&mut scheduler, Share::Event, 60, "first event", at(0));
    assert_eq!(begin(&mut scheduler, at(0)), ["first event"]);
    enter(&mut scheduler, Share::Event, 60, "second event", at(1));
    enter(&mut scheduler, Share::Generated, 60, "generated", at(2));
    enter(&mut scheduler, Share::OnDemand, 60, "on demand", at(3));
    enter(&mut scheduler, Share::Upload, 60, "upload", at(4));
    enter(&mut scheduler, Share::Upload, 60, "second upload", at(5));
    scheduler.end(Share::Event, 60, at(20));
    for (share, what, now) in [
        (Share::OnDemand, "on demand", 20),
        (Share::Upload, "upload", 21),
        (Share::Upload, "second upload", 22),
        (Share::Generated, "generated", 23),
    ] {
        assert_eq!(begin(&mut scheduler, at(now)), [what]);
        scheduler.end(share, 60, at(now + 1));
    }
    assert_eq!(begin(&mut scheduler, at(24)), [""; 0], "requests may come again");
    let then = scheduler.event_at(at(24)).expect("a time");
    assert_eq!(begin(&mut scheduler, then), ["second event"]);
}

#[test]
fn the_events_of_a_single_large_upload_have_all_cores_at_once() {
    let mut scheduler = Scheduler::new(100, 1);
    for upload in 0..5 {
        let began = upload * 200;
        // It is checked, and then cleaned.
        for now in [began, began + 30] {
            enter(&mut scheduler, Share::Upload, 60, "upload", at(now));
            assert_eq!(begin(&mut scheduler, at(now)), ["upload"]);
            scheduler.end(Share::Upload, 60, at(now + 30));
        }
        // It is decoded, and then encoded in two sizes.
        for now in [began + 60, began + 90, began + 100] {
            enter(&mut scheduler, Share::Event, 60, "event", at(now));
            assert_eq!(begin(&mut scheduler, at(now)), ["event"], "upload {upload}");
            scheduler.end(Share::Event, 60, at(now + 10));
        }
    }
}

#[test]
fn events_wait_in_the_gaps_of_one_client_s_uploads() {
    let mut scheduler = Scheduler::new(100, 1);
    for now in [0, 20, 40] {
        enter(&mut scheduler, Share::Upload, 60, "upload", at(now));
        assert_eq!(begin(&mut scheduler, at(now)), ["upload"]);
        scheduler.end(Share::Upload, 60, at(now + 10));
    }
    enter(&mut scheduler, Share::Event, 60, "event", at(50));
    assert_eq!(begin(&mut scheduler, at(50)), ["event"], "saved up meanwhile");
    scheduler.end(Share::Event, 60, at(90));
    enter(&mut scheduler, Share::Event, 60, "next event", at(90));
    assert_eq!(begin(&mut scheduler, at(90)), [""; 0]);
    assert_eq!(begin(&mut scheduler, at(151)), ["next event"], "no request came again");
}

#[test]
fn without_requests_events_have_all_cores_at_once() {
    let mut scheduler = Scheduler::new(100, 2);
    for what in ["a", "b", "c"] {
        enter(&mut scheduler, Share::Event, 10, what, at(0));
    }
    assert_eq!(begin(&mut scheduler, at(0)), ["a", "b"]);
    scheduler.end(Share::Event, 10, at(20));
    assert_eq!(begin(&mut scheduler, at(20)), ["c"]);
}

/// Simulates back-to-back requests on every place, and events of 20 ms; returns how long events ran.
fn event_time(cores: usize, run: Duration, request: Duration) -> Duration {
    let mut scheduler = Scheduler::new(1000, cores);
    let (mut now, mut ran) = (Duration::ZERO, Duration::ZERO);
    let mut ends: Vec<(Duration, Share)> = Vec::new();
    enter(&mut scheduler, Share::Event, 500, "event", now);
    for _ in 0..cores {
        enter(&mut scheduler, Share::Upload, 100, "upload", now);
    }
    while now < run {
        while let Some(begun) = scheduler.next(now) {
            let took = if begun.share == Share::Event { MS * 20 } else { request };
            ends.push((now + took, begun.share));
        }
        ends.sort_by_key(|(end, _)| *end);
        let event_at = scheduler.event_at(now).unwrap_or(Duration::MAX);
        if event_at < ends[0].0 {
            now = event_at;
            continue;
        }
        let (end, share) = ends.remove(0);
        now = end;
        if share == Share::Event {
            ran += MS * 20;
            scheduler.end(share, 500, now);
            enter(&mut scheduler, share, 500, "event", now);
        } else {
            scheduler.end(share, 100, now);
            enter(&mut scheduler, share, 100, "upload", now);
        }
    }
    ran
}

#[test]
fn under_steady_requests_events_get_a_tenth_of_the_cores_and_no_more() {
    for cores in [1, 2, 4] {
        for request in [MS, MS * 3, MS * 250] {
            let run = Duration::from_mins(1);
            let share = event_time(cores, run, request).div_duration_f64(run * u32::try_from(cores).unwrap());
            assert!((0.09..=0.11).contains(&share), "{cores} cores, {request:?}: {share}");
        }
    }
}

#[test]
fn an_event_that_is_due_gets_memory_that_requests_would_hold_forever() {
    let mut scheduler = Scheduler::new(100, 2);
    enter(&mut scheduler, Share::Upload, 60, "first", at(0));
    assert_eq!(begin(&mut scheduler, at(0)), ["first"]);
    enter(&mut scheduler, Share::Event, 90, "event", at(1));
    enter(&mut scheduler, Share::Upload, 20, "second", at(2));
    assert_eq!(begin(&mut scheduler, at(2)), [""; 0], "the event is due");
    scheduler.end(Share::Upload, 60, at(3));
    assert_eq!(begin(&mut scheduler, at(3)), ["event"]);
    scheduler.end(Share::Event, 90, at(30));
    enter(&mut scheduler, Share::Event, 90, "next event", at(30));
    assert_eq!(begin(&mut scheduler, at(30)), ["second"], "its tenth is used up");
}

#[test]
fn pictures_never_take_the_last_place() {
    for cores in [1, 2, 8] {
        let mut scheduler = Scheduler::new(1000, cores);
        for _ in 0..8 {
            enter(&mut scheduler, Share::Generated, 1, "generated", at(0));
            enter(&mut scheduler, Share::OnDemand, 1, "on demand", at(0));
        }
        assert_eq!(begin(&mut scheduler, at(0)).len(), cores.max(2) - 1);
        enter(&mut scheduler, Share::Upload, 1, "upload", at(1));
        assert_eq!(begin(&mut scheduler, at(1)), ["upload"]);
    }
}

#[test]
fn a_full_queue_of_pictures_refuses_pictures_alone() {
    let mut scheduler = Scheduler::new(10, 2);
    enter(&mut scheduler, Share::Generated, 1, "generated", at(0));
    assert_eq!(begin(&mut scheduler, at(0)), ["generated"]);
    for share in [Share::Generated, Share::OnDemand] {
        while scheduler.enter(share, 1, "waits", at(1)).is_ok() {}
    }
    enter(&mut scheduler, Share::Upload, 1, "upload", at(2));
    assert_eq!(begin(&mut scheduler, at(2)), ["upload"]);
    for _ in 0..1000 {
        enter(&mut scheduler, Share::Event, 1, "event", at(3));
    }
}

#[test]
fn a_picture_of_a_stored_image_comes_before_generated_ones_that_wait_longer() {
    let mut scheduler = Scheduler::new(10, 2);
    enter(&mut scheduler, Share::Generated, 1, "first", at(0));
    assert_eq!(begin(&mut scheduler, at(0)), ["first"]);
    enter(&mut scheduler, Share::Generated, 1, "second", at(1));
    enter(&mut scheduler, Share::OnDemand, 1, "on demand", at(2));
    scheduler.end(Share::Generated, 1, at(3));
    assert_eq!(begin(&mut scheduler, at(3)), ["on demand"]);
}

#[test]
fn nothing_overtakes_work_that_waits_for_memory_until_it_leaves() {
    let mut scheduler = Scheduler::new(100, 4);
    enter(&mut scheduler, Share::Upload, 60, "first", at(0));
    assert_eq!(begin(&mut scheduler, at(0)), ["first"]);
    let large = scheduler.enter(Share::Upload, 60, "large", at(1)).unwrap();
    enter(&mut scheduler, Share::Upload, 10, "small", at(2));
    assert_eq!(begin(&mut scheduler, at(2)), [""; 0]);
    scheduler.leave(Share::Upload, large, at(3));
    assert_eq!(begin(&mut scheduler, at(3)), ["small"]);
}
