//! What known sessions cost where every request goes to the other process: next to nothing.

use crate::scene::Scene;

#[tokio::test]
async fn two_processes_that_take_turns_at_one_session_run_few_requests_in_vain() {
    const ROUNDS: usize = 200;
    let scene = Scene::new().await;
    let (here, there) = scene.alice().await;
    let runs = || scene.processes.iter().map(|process| process.runs()).sum::<usize>();
    let before = runs();
    for round in 0..ROUNDS {
        for browser in [&here, &there] {
            assert_eq!(browser.post("/order", "").await.status, 200, "round {round}");
        }
    }
    let in_vain = runs() - before - 2 * ROUNDS;
    println!("{in_vain} of {} runs in vain", 2 * ROUNDS);
    assert!(in_vain >= 2, "each process has tried");
    assert!(in_vain * 100 <= 3 * 2 * ROUNDS, "{in_vain} of {} runs in vain", 2 * ROUNDS);
    assert_eq!(scene.purchases().await, 2 * ROUNDS as i64);
    scene.is_sound().await;
}

/// Each session is too short for its own doubts to matter.
#[tokio::test]
async fn many_short_sessions_at_two_processes_run_few_requests_in_vain() {
    const SESSIONS: usize = 48;
    const ROUNDS: usize = 5;
    let scene = Scene::new().await;
    let runs = || scene.processes.iter().map(|process| process.runs()).sum::<usize>();
    let mut in_vain = Vec::new();
    for _ in 0..SESSIONS {
        let (here, there) = scene.alice().await;
        let before = runs();
        for _ in 0..ROUNDS {
            for browser in [&here, &there] {
                assert_eq!(browser.post("/add", "").await.status, 200);
            }
        }
        in_vain.push(runs() - before - 2 * ROUNDS);
    }
    println!("{in_vain:?}");
    let later: usize = in_vain[SESSIONS / 2..].iter().sum();
    let requests = SESSIONS / 2 * 2 * ROUNDS;
    assert!(later * 100 <= requests, "{later} of {requests} runs in vain: {in_vain:?}");
}
