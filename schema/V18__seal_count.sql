-- How many tokens the keys of the key ring have sealed, in all processes and over all restarts.
--
-- A key may seal 2^32 times with random nonces (NIST SP 800-38D, section 8.3). A process records its seals
-- ahead and in blocks, outside of requests, and seals no more when 2^31 are recorded. The key's name is no
-- secret: each token shows it.
create table session_ledger.seal_count (
    key_id      text        not null,
    sealed      bigint      not null,
    recorded_at timestamptz not null,
    constraint a_key_has_one_count primary key (key_id),
    constraint a_count_only_grows check (sealed > 0)
);
