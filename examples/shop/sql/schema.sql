-- The shop's own tables, beside those of session-ledger.
create schema if not exists shop;

create table if not exists shop.product (
    id          integer primary key,
    name        text    not null,
    description text    not null,
    picture     text    not null, -- the symbol's id in static/pictures.svg
    price_cents integer not null check (price_cents > 0),
    stock       integer not null check (stock >= 0)
);

create table if not exists shop.account (
    name          text primary key,
    password_hash text not null
);

-- No foreign key to the session: its row moves when it ends, its name stays.
create table if not exists shop.purchase (
    id          bigint      generated always as identity primary key,
    account     text        not null references shop.account,
    session_id  uuid        not null,
    placed_at   timestamptz not null default now(),
    total_cents integer     not null
);

create index if not exists purchase_account on shop.purchase (account);

create table if not exists shop.purchase_line (
    purchase_id bigint  not null references shop.purchase,
    product_id  integer not null references shop.product,
    quantity    integer not null check (quantity > 0),
    price_cents integer not null,
    primary key (purchase_id, product_id)
);
