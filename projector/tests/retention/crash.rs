//! An export that is killed: nothing is lost, and the next one goes on.

use std::fs;
use std::time::Duration;

use crate::scene::{MONTH, Scene, projector, stdout};

#[tokio::test]
async fn what_a_killed_export_has_left_is_taken_up_or_written_anew() {
    // Within the file; behind the file, before its manifest; behind the manifest, before the drop.
    for left in ["unfinished", "file", "manifest"] {
        let scene = Scene::over().await;
        let (file, manifest) =
            (scene.path(&format!("{MONTH}.ndjson.zst")), scene.path(&format!("{MONTH}.json")));
        match left {
            "unfinished" => fs::write(scene.path(&format!(".{MONTH}.unfinished")), "half a fi").unwrap(),
            "file" => {
                stdout(scene.export(&["--keep", "30d", "--leave"]));
                fs::remove_file(&manifest).unwrap();
            }
            _ => drop(stdout(scene.export(&["--keep", "30d", "--leave"]))),
        }
        stdout(scene.export(&["--keep", "30d"]));
        assert_eq!(scene.month().await, None, "{left}");
        assert!(file.exists() && manifest.exists(), "{left}");
        assert!(!scene.path(&format!(".{MONTH}.unfinished")).exists(), "{left}");
        assert_eq!(
            scene.told_by_archive(&[&scene.session.to_string(), "--format", "ndjson"]).lines().count(),
            5
        );
    }
}

/// How often an export is killed.
fn crashes() -> u64 {
    std::env::var("CRASHES").map_or(4, |text| text.parse().unwrap())
}

#[cfg(unix)]
#[tokio::test]
async fn an_export_that_is_killed_at_any_moment_loses_no_event() {
    for nth in 0..crashes() {
        let scene = Scene::over().await;
        let folder = scene.folder.path().to_str().unwrap();
        let mut export = projector(&scene.database);
        let mut export = export.args(["archive", "export", "--keep", "30d", "--to", folder]).spawn().unwrap();
        // Any moment will do: it takes about a tenth of a second in all.
        tokio::time::sleep(Duration::from_millis(nth * 29 % 120)).await;
        export.kill().unwrap();
        export.wait().unwrap();
        stdout(scene.export(&["--keep", "30d"]));
        assert_eq!(scene.month().await, None, "{nth}");
        assert_eq!(
            scene.told_by_archive(&["--user", "alice", "--format", "ndjson"]).lines().count(),
            8,
            "{nth}"
        );
        scene.is_sound().await;
    }
}
