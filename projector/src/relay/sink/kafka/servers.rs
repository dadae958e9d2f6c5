//! Several servers in one address, as Kafka has them: any of them tells of the others.

/// The address with its first server alone, and the other servers.
pub(super) fn split(url: &str) -> (String, Vec<&str>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), Vec::new()) };
    let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, servers) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let mut servers = servers.split(',');
    let first = servers.next().unwrap_or_default();
    (format!("{scheme}://{user}{first}{behind}"), servers.collect())
}

#[test]
fn all_servers_of_an_address_are_found() {
    let cases: [(&str, &str, &[&str]); 5] = [
        ("kafka://host/topic", "kafka://host/topic", &[]),
        ("kafka://a:1,b,[::1]:2/topic?x=a,b", "kafka://a:1/topic?x=a,b", &["b", "[::1]:2"]),
        ("kafka+ssl://re,lay@a,b/topic", "kafka+ssl://re,lay@a/topic", &["b"]),
        ("kafka://a,", "kafka://a", &[""]),
        ("here", "here", &[]),
    ];
    for (url, first, others) in cases {
        assert_eq!(split(url), (first.to_owned(), others.to_vec()), "{url}");
    }
}
