//! What OCSF requires of a document.

use serde_json::Value;

/// Fails if a document lacks what OCSF 1.5 requires of the class Authentication, or has it in another type.
pub(crate) fn assert_complete(document: &Value) {
    let number = |name: &str| document[name].as_u64().unwrap_or_else(|| panic!("{name} in {document}"));
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    assert_eq!((number("category_uid"), number("class_uid")), (3, 3002), "{document}");
    assert!([1, 2, 99].contains(&number("activity_id")), "{document}");
    assert_eq!(number("type_uid"), 300_200 + number("activity_id"), "{document}");
    assert!((1..=6).contains(&number("severity_id")), "{document}");
    let has_failed = number("status_id") == 2;
    assert!(has_failed || number("status_id") == 1, "{document}");
    assert!(number("time") > 1_700_000_000_000, "milliseconds: {document}");
    let user = &document["user"];
    assert!(
        text(&user["uid"]) || (has_failed && text(&user["name"])),
        "at least one of account, name and uid: {document}"
    );
    assert!(text(&document["service"]["name"]), "at least one of service and dst_endpoint: {document}");
    let (metadata, product) = (&document["metadata"], &document["metadata"]["product"]);
    assert_eq!(metadata["version"], "1.5.0", "{document}");
    assert!(text(&product["name"]) && text(&product["vendor_name"]), "{document}");
    match document.get("session") {
        Some(session) => {
            assert!(text(&session["uid"]) && session["created_time"].as_u64().is_some(), "{document}")
        }
        None => assert!(has_failed, "{document}"),
    }
    if let Some(actor) = document.get("actor") {
        assert!(text(&actor["user"]["uid"]), "at least one of its parts: {document}");
    }
    if let Some(endpoint) = document.get("src_endpoint") {
        assert!(text(&endpoint["ip"]), "at least one of its names: {document}");
    }
    assert!(!document.to_string().contains("abab"), "no hash of a token: {document}");
}
