//! How each broker is started, for the tests and for the bench.

use crate::server::{Server, free_port, program};

/// NATS with JetStream, and with these lines in its configuration.
pub(crate) async fn nats(lines: &str) -> Server {
    let port = free_port();
    let configuration = format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: data }}\n{lines}\n");
    Server::start(port, &[("conf", &configuration)], &["nats-server", "-c", "conf"], "KILL").await
}

/// Redis that keeps a log on disk, with these settings.
pub(crate) async fn redis(settings: &[&str]) -> Server {
    let port = free_port();
    let text = port.to_string();
    let command =
        ["redis-server", "--port", &text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"];
    Server::start(port, &[], &[&command[..], settings].concat(), "KILL").await
}

const DEFINITIONS: &str = r#"{
    "vhosts": [{"name": "/"}],
    "users": [{"name": "relay", "password": "hunter2", "tags": ""}, {"name": "reader", "password": "hunter2", "tags": ""}],
    "permissions": [
        {"user": "relay", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "reader", "vhost": "/", "configure": ".*", "write": "^$", "read": ".*"}
    ],
    "exchanges": [
        {"name": "audit", "vhost": "/", "type": "topic", "durable": true, "auto_delete": false, "internal": false, "arguments": {}}
    ],
    "queues": [
        {"name": "full", "vhost": "/", "durable": true, "auto_delete": false,
            "arguments": {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}},
        {"name": "open", "vhost": "/", "durable": true, "auto_delete": false, "arguments": {}}
    ],
    "bindings": [], "policies": [], "parameters": [], "global_parameters": [], "topic_permissions": []
}"#;

/// Its processes are alone among themselves: a port mapper of their own, and no rights that the test lacks.
const RUN: &str = "\
export HOME=$PWD ERL_EPMD_PORT=@mapper ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=@nodes
export RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$PWD/rabbitmq.conf
export RABBITMQ_MNESIA_BASE=$PWD/data RABBITMQ_LOG_BASE=$PWD/logs RABBITMQ_PID_FILE=$PWD/pids
export RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/plugins RABBITMQ_GENERATED_CONFIG_DIR=$PWD/generated
export RABBITMQ_FEATURE_FLAGS_FILE=$PWD/features RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 1:1'
epmd -port @mapper &
epmd=$!
rabbitmq-server &
server=$!
until [ -s pids ] || ! kill -0 $server; do sleep 0.1; done
echo \" $epmd\" >>pids
wait $server
";

/// RabbitMQ, with the user `relay`.
pub(crate) async fn rabbitmq() -> Server {
    rabbitmq_with("").await
}

/// The same, with these lines in its configuration.
pub(crate) async fn rabbitmq_with(lines: &str) -> Server {
    let port = free_port();
    let configuration = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\nload_definitions = definitions.json\nmax_message_size = 65536\n\
         log.file = false\nlog.console = true\nlog.console.level = warning\n{lines}\n"
    );
    let [mapper, nodes] = [free_port(), free_port()].map(|port| port.to_string());
    let run = RUN.replace("@mapper", &mapper).replace("@nodes", &nodes);
    let run = run.replace("rabbitmq-server", program("rabbitmq-server").to_str().unwrap());
    let files = [
        ("run", run.as_str()),
        ("rabbitmq.conf", &configuration),
        ("definitions.json", DEFINITIONS),
        ("plugins", "[]."),
    ];
    // Killed moments after a queue was made, this version forgets where that queue's log is.
    Server::start(port, &files, &["sh", "run"], "TERM").await
}
