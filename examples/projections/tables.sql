-- The application's own tables. They lie on the search path of its role.

-- The browsers from which a user has signed in.
create table if not exists device (
    user_id    text        not null,
    device     uuid        not null,
    first_seen timestamptz not null,
    last_seen  timestamptz not null,
    logins     bigint      not null,
    browser    text,
    address    inet,
    primary key (user_id, device)
);

-- How many logins a day had from each network.
create table if not exists logins_per_day (
    day     date   not null,
    network cidr   not null,
    logins  bigint not null,
    primary key (day, network)
);
