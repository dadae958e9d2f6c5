-- The mails that are to be sent: a program of its own sends them, and deletes what it has sent.
create table if not exists mail (
    mail_id    bigint generated always as identity primary key,
    user_id    text        not null,
    session_id uuid        not null,
    seen_at    timestamptz not null
)
