-- Who does a job of `projector run`, where several processes could. The holder proves with the fence that the
-- job is still theirs: it grows whenever the lease changes hands.
create table session_ledger.job_lease (
    job         text        not null,
    fence       bigint      not null default 1,
    holder      text,
    lease_until timestamptz,
    constraint a_job_has_one_lease primary key (job)
);
