//! A disk that is really full: a small file system, filled up, which takes root to mount. Elsewhere
//! `stopped.rs` lets the server say it.
#![cfg(target_os = "linux")]

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use tokio_postgres::error::SqlState;

use super::{SPOIL, Scene};

const FULL: &str = "No space left on device (53100)";

/// A file system of two megabytes for the server. It is unmounted when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if this process may not mount one, or the server is on another machine.
    fn mount(name: &str, data_directory: &str) -> Option<Self> {
        let owner = std::fs::metadata(data_directory).ok()?;
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).ok()?;
        let options = format!("size=2m,mode=700,uid={},gid={}", owner.uid(), owner.gid());
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        let disk = Self(folder);
        is_mounted.then_some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).output().ok();
        std::fs::remove_dir(&self.0).ok();
    }
}

impl Scene {
    /// Moves tables to a small disk and fills it up.
    async fn fill(&self, tables: &[&str]) -> Option<(SmallDisk, String)> {
        let directory = self.client.query_one("show data_directory", &[]).await.unwrap();
        let name =
            format!("small_disk_of_{}", self.database.name().replace(|c: char| !c.is_alphanumeric(), "_"));
        let disk = SmallDisk::mount(&name, directory.get(0))?;
        self.run(&format!("create tablespace {name} location '{}'", disk.0.display())).await;
        for table in tables {
            self.run(&format!("alter table session_ledger.{table} set tablespace {name}")).await;
        }
        self.run(&format!("create table filler (x text) with (autovacuum_enabled = off) tablespace {name}"))
            .await;
        let rows = "insert into filler select repeat('x', 1000) from generate_series(1, 100000)";
        let full = self.client.batch_execute(rows).await.unwrap_err();
        assert_eq!(full.code(), Some(&SqlState::DISK_FULL), "{full}");
        Some((disk, name))
    }

    /// Makes room, and takes the small disk away.
    async fn make_room(&self) {
        self.run("drop table filler").await;
    }

    async fn unmount(&self, tables: &[&str], (disk, name): (SmallDisk, String)) {
        for table in tables {
            self.run(&format!("alter table session_ledger.{table} set tablespace pg_default")).await;
        }
        self.run(&format!("drop tablespace {name}")).await;
        drop(disk);
    }
}

#[tokio::test]
async fn a_disk_without_room_for_rebuilt_rows_leaves_the_live_ones_as_they_are() {
    const STAGED: &[&str] = &["rebuilt_session", "rebuilt_ended_session", "rebuilt_login_step"];
    let scene = Scene::set().await;
    let Some(disk) = scene.fill(STAGED).await else {
        println!("not shown here: to mount a small file system takes root");
        return;
    };
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let refused = scene.rebuild().await.unwrap_err().to_string();
    assert!(refused.starts_with("the database is not available: ") && refused.ends_with(FULL), "{refused}");
    assert_eq!(scene.rows().await, before);

    scene.make_room().await;
    scene.rebuild().await.unwrap();
    scene.assert_equal().await;
    scene.unmount(STAGED, disk).await;
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_applications_downtime_leaves_the_rows_as_they_are() {
    const LIVE: &[&str] = &["session"];
    let mut scene = Scene::set().await;
    let Some(disk) = scene.fill(LIVE).await else {
        println!("not shown here: to mount a small file system takes root");
        return;
    };
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let refused = scene.rebuild_alone(|_| {}).await.unwrap_err().to_string();
    assert!(refused.ends_with(FULL), "{refused}");
    assert_eq!(scene.rows().await, before);

    scene.make_room().await;
    scene.rebuild_alone(|_| {}).await.unwrap();
    scene.assert_equal().await;
    scene.unmount(LIVE, disk).await;
}
