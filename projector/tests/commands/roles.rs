//! A command that is refused says which role it needs.

use test_support::Database;
use tokio_postgres::Config;

use super::{projector, stderr};

/// A user without rights of its own, other than those of the roles it is granted.
pub(super) struct User<'a> {
    database: &'a Database,
    name: String,
}

impl<'a> User<'a> {
    pub(super) async fn granted(database: &'a Database, roles: &[&str]) -> Self {
        let name = format!("stranger_of_{}", database.name());
        let client = database.connect().await;
        client.batch_execute(&format!("create role {name} login")).await.unwrap();
        for role in roles {
            client.batch_execute(&format!("grant {role} to {name}")).await.unwrap();
        }
        Self { database, name }
    }

    /// The address of the database for this user.
    pub(super) fn config(&self) -> Config {
        let mut config = self.database.config();
        config.user(&self.name);
        config
    }

    /// The last line of what a command tells when it is refused.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = projector(&self.config()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        stderr(&output).lines().last().unwrap_or_default().to_owned()
    }

    pub(super) async fn drop(self) {
        let drop = format!("drop role {}", self.name);
        self.database.connect().await.batch_execute(&drop).await.unwrap();
    }
}

const SESSION: &str = "0198b5c2-7a30-7cc3-98c4-dc0c0c07398f";

#[tokio::test]
async fn a_stranger_is_told_the_role_of_each_command() {
    let database = Database::fresh().await;
    let user = User::granted(&database, &[]).await;
    let commands: [(&[&str], &str); 18] = [
        (&["verify"], "session_ledger_auditor"),
        (&["rebuild"], "session_ledger_operator"),
        (&["history", SESSION], "session_ledger_auditor"),
        (&["sessions", "--user", "alice"], "session_ledger_auditor"),
        (&["logins"], "session_ledger_auditor"),
        (&["who"], "session_ledger_auditor"),
        (&["state-at", SESSION], "session_ledger_auditor"),
        (&["stats"], "session_ledger_auditor"),
        (&["end", SESSION], "session_ledger_runtime"),
        (&["sweep", "--once"], "session_ledger_runtime"),
        (&["archive", "list"], "session_ledger_auditor"),
        (&["retain", "--activity", "30d"], "session_ledger_operator"),
        (&["relay", "run", "--subscription", "audit"], "session_ledger_relay"),
        (&["relay", "create", "audit"], "session_ledger_relay"),
        (&["relay", "reset", "audit", "--to", "now", "--yes"], "session_ledger_relay"),
        (&["relay", "replay", "audit", "--all"], "session_ledger_relay"),
        (&["relay", "list"], "session_ledger_auditor, session_ledger_relay or session_ledger_operator"),
        (&["relay", "drop", "audit"], "session_ledger_operator"),
    ];
    let told = commands.map(|(arguments, role)| {
        let words =
            if ["archive", "relay"].contains(&arguments[0]) { &arguments[..2] } else { &arguments[..1] };
        (words.join(" "), role, user.refusal(arguments))
    });
    let of_migrate = user.refusal(&["migrate"]);
    user.drop().await;
    for (command, role, told) in told {
        let reason = "the database refused a statement: permission denied for schema session_ledger (42501)";
        let advice = format!("{reason}; `projector {command}` needs a role that is granted {role}");
        assert!(told.starts_with("error: database ") && told.ends_with(&advice), "{told}");
    }
    let advice = "; `projector migrate` needs the role that owns the schema session_ledger, or may create it";
    assert!(
        of_migrate.contains("permission denied for database") && of_migrate.ends_with(advice),
        "{of_migrate}"
    );
}

#[tokio::test]
async fn a_role_of_another_duty_is_told_the_role_too() {
    let database = Database::fresh().await;
    let user = User::granted(&database, &["session_ledger_runtime"]).await;
    let told = [
        &["rebuild", "--while-connected"][..],
        &["relay", "run", "--subscription", "audit"],
        &["verify"],
        &["relay", "drop", "audit"],
    ]
    .map(|arguments| user.refusal(arguments));
    user.drop().await;
    let refused = "error: the database refused a statement: permission denied for";
    assert_eq!(
        told[0],
        format!(
            "{refused} table rebuilt_session (42501); `projector rebuild` needs a role that is granted session_ledger_operator"
        )
    );
    assert_eq!(
        told[1],
        format!(
            "{refused} table subscription (42501); `projector relay run` needs a role that is granted session_ledger_relay"
        )
    );
    assert_eq!(
        told[2],
        format!(
            "{refused} sequence event_position (42501); `projector verify` needs a role that is granted \
             session_ledger_auditor"
        )
    );
    assert_eq!(
        told[3],
        format!(
            "{refused} table subscription (42501); `projector relay drop` needs a role that is granted \
             session_ledger_operator"
        )
    );
}
