//! The settings of the console, from its arguments.

use session_ledger::session::WrittenBy;
use session_ledger::token::{CookieSettings, SameSite};
use session_ledger::web::IpNet;

use super::ServeError;
use super::access::Access;
use super::door::Doors;
use super::users::UserFile;
use crate::hidden::Hidden;
use crate::{Error, cli};

/// The settings of the console.
#[derive(Debug)]
pub struct Settings {
    pub(super) access: Access,
    pub(super) doors: Doors,
    pub(super) cookie: CookieSettings,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) hidden: Hidden,
    pub(super) tables: Vec<WrittenBy>,
}

impl Settings {
    /// The settings that these arguments ask for.
    ///
    /// # Errors
    ///
    /// The console would be open to other machines, a host name is none, or the file of tables cannot be
    /// read.
    pub fn of(asked: cli::Serve) -> Result<Self, Error> {
        let is_local = asked.listen.ip().to_canonical().is_loopback();
        if !is_local && asked.users.is_none() {
            return Err(ServeError::Unguarded(asked.listen).into());
        }
        // A proxy on this machine brings other machines too.
        if !asked.allowed_hosts.is_empty() && asked.users.is_none() {
            return Err(ServeError::Unguarded(asked.listen).into());
        }
        if !is_local && asked.allowed_hosts.is_empty() {
            return Err(ServeError::NoHost(asked.listen).into());
        }
        let is_plain = asked.allowed_hosts.is_empty();
        let access = match asked.users {
            Some(file) => Access::Users(UserFile::at(file)),
            None => Access::Local { may_end: asked.may_end },
        };
        Ok(Self {
            access,
            doors: Doors::of(&asked.allowed_hosts)?,
            cookie: cookie(is_plain),
            trusted_proxies: asked.trusted_proxies,
            hidden: Hidden::with(&asked.hidden),
            tables: asked.tables.columns()?,
        })
    }
}

/// Strict: to look at a page is noted, so no other site may lead a browser to one in its user's name.
fn cookie(is_plain: bool) -> CookieSettings {
    let cookie = CookieSettings::default().same_site(SameSite::Strict);
    if is_plain { cookie.name("console").insecure() } else { cookie.name("__Host-console") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(listen: &str, users: bool, hosts: &[&str]) -> Result<Settings, Error> {
        Settings::of(cli::Serve {
            listen: listen.parse().unwrap(),
            users: users.then(|| "users".into()),
            may_end: false,
            allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            trusted_proxies: Vec::new(),
            keys: None,
            hidden: Vec::new(),
            tables: cli::Tables::default(),
        })
    }

    #[test]
    fn other_machines_come_only_to_users_and_to_a_host_that_is_named() {
        for (listen, users, hosts) in [
            ("127.0.0.1:1", false, &[][..]),
            ("[::1]:1", false, &[]),
            ("[::ffff:127.0.0.1]:1", false, &[]),
            ("127.0.0.1:1", true, &["audit.example"]),
            ("0.0.0.0:1", true, &["audit.example"]),
        ] {
            let settings = asked(listen, users, hosts).unwrap();
            assert_eq!(settings.cookie.secure, !hosts.is_empty(), "{listen}");
        }
        for (listen, users, hosts) in
            [("0.0.0.0:1", false, &[][..]), ("[::]:1", false, &["a"]), ("127.0.0.1:1", false, &["a"])]
        {
            assert!(
                matches!(asked(listen, users, hosts), Err(Error::Serve(ServeError::Unguarded(_)))),
                "{listen}"
            );
        }
        assert!(matches!(asked("192.0.2.1:1", true, &[]), Err(Error::Serve(ServeError::NoHost(_)))));
        assert!(matches!(asked("127.0.0.1:1", true, &["http://a"]), Err(Error::Serve(ServeError::Host(_)))));
    }
}
