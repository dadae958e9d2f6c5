//! An answer leaves only if what its handler saw was current.

use crate::scene::{PATHS, Scene};

#[tokio::test]
async fn a_session_that_nobody_else_has_changed_is_served_by_one_run() {
    let scene = Scene::new().await;
    let (here, _) = scene.alice().await;
    let mut count = 2;
    for (path, added, status) in PATHS {
        here.get("/show").await;
        let (runs, answer) = (scene.processes[0].runs(), here.post(path, "").await);
        count += added;
        assert_eq!((answer.status.as_u16(), answer.body), (status, count.to_string()), "{path}");
        assert_eq!(scene.processes[0].runs() - runs, 1, "{path}");
    }
    assert_eq!(scene.purchases().await, 3);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_session_that_another_process_has_changed_costs_one_run_more_and_the_answer_is_of_the_present() {
    for (path, added, status) in PATHS {
        let scene = Scene::new().await;
        let (here, there) = scene.alice().await;
        here.get("/show").await;
        assert_eq!(there.post("/add", "").await.body, "3", "{path}");
        let (runs, answer) = (scene.processes[0].runs(), here.post(path, "").await);
        let count = 3 + added;
        assert_eq!((answer.status.as_u16(), answer.body), (status, count.to_string()), "{path}");
        assert_eq!(scene.processes[0].runs() - runs, 2, "{path}: one in vain, and one with a load");
        let bought = i64::from(status == 200 && !["/add", "/peek"].contains(&path));
        assert_eq!(scene.purchases().await, bought, "{path}: nothing of the first run takes effect");
        let again = here.post(path, "").await;
        assert_eq!(again.body, (count + added).to_string(), "{path}: again");
        assert_eq!(scene.processes[0].runs() - runs, 3, "{path}: again");
        scene.is_sound().await;
    }
}

/// The part commits for good, so what was seen before it is made sure of before it begins.
#[tokio::test]
async fn a_part_that_commits_by_itself_begins_with_what_the_handler_has_seen() {
    let scene = Scene::new().await;
    let (here, there) = scene.alice().await;
    assert_eq!(here.post("/part", "").await.body, "2 3");
    here.get("/show").await;
    assert_eq!(there.post("/add", "").await.body, "4");
    assert_eq!(here.post("/part", "").await.body, "4 5");
    assert_eq!(scene.purchases().await, 2);
    scene.is_sound().await;
}
