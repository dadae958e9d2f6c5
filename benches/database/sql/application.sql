-- The tables of the application, and of an ordinary session store beside it: one row a session, overwritten.
create table purchase (
    purchase_id bigint generated always as identity primary key,
    who         text   not null,
    item        text   not null
);
create table stock (
    item_id bigint primary key,
    rest    bigint not null
) with (fillfactor = 50);
insert into stock select n, 1000000 from generate_series(1, 500) as n;
create table plain_session (
    session_id uuid        primary key,
    data       bytea       not null,
    expires_at timestamptz not null
) with (fillfactor = 75);
