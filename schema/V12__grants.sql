-- Who may do what: each role has the least that its duty needs, see `V1__roles.sql`. Nobody but the owner may
-- say when or where an event was recorded, and nobody changes one: its client alone may be taken out.
--
-- Each migration calls this again: a database restored where the roles were missing has lost the grants. And
-- nothing is left to what PUBLIC may do, which an administrator may have taken away.
create function session_ledger.grant_rights() returns void
    language plpgsql
as $$
begin
    perform session_ledger.create_roles();
    grant usage on schema session_ledger
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator,
           session_ledger_analyst;
    grant usage on domain session_ledger.version, session_ledger.sha256
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator;
    grant execute on function session_ledger.clock(), session_ledger.epoch()
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator;
    grant execute on function
        session_ledger.current_session(), session_ledger.current_user_id(), session_ledger.current_actor_id()
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator,
           session_ledger_analyst;
    grant execute on function session_ledger.is_archived(uuid), session_ledger.followers_behind(uuid, uuid)
        to session_ledger_auditor, session_ledger_operator;
    grant select on session_ledger.archived_partition
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator;
    grant select on session_ledger.migration, session_ledger.event
        to session_ledger_runtime, session_ledger_relay, session_ledger_auditor, session_ledger_operator;

    grant usage on sequence session_ledger.event_position to session_ledger_runtime;
    grant insert (
        session_id, event_id, version, occurred_at, shape, kind, user_id, actor, client_ip, user_agent, hash, payload,
        client_proof
    ) on session_ledger.event to session_ledger_runtime;
    grant select, insert, update, delete on session_ledger.session to session_ledger_runtime;
    grant select, insert on session_ledger.ended_session, session_ledger.login_step to session_ledger_runtime;
    grant select, insert, update on session_ledger.activity, session_ledger.seal_count to session_ledger_runtime;
    grant select, insert, update on session_ledger.job_lease to session_ledger_runtime, session_ledger_operator;
    grant select, update on session_ledger.login_gate to session_ledger_runtime;
    grant select, insert, delete on session_ledger.disabled_account to session_ledger_runtime;
    grant select on session_ledger.failed_login to session_ledger_runtime;
    grant insert (event_id, user_id, reason, client_ip, user_agent, session_id, left_out)
        on session_ledger.failed_login to session_ledger_runtime;

    grant select, insert on session_ledger.subscription to session_ledger_relay;
    grant update (
        cursor, epoch, delivered, fence, lease_holder, lease_until, moved_at, kinds, notes, users, closed_at, closed_reason
    ) on session_ledger.subscription to session_ledger_relay;
    grant select, insert on session_ledger.projection to session_ledger_relay;
    -- They do what the role itself may do: see `V31__projection_staging.sql`.
    grant execute on function
        session_ledger.stage_projection(text),
        session_ledger.projection_differences(oid, text[], bigint),
        session_ledger.replace_projection(oid, text[]),
        session_ledger.lock_projection(oid)
    to session_ledger_runtime, session_ledger_relay;
    grant select, insert, update, delete
        on session_ledger.dead_letter, session_ledger.parked_session to session_ledger_relay;
    -- Receivers of Shared Signals make and drop streams of their own: see `V32__signal_stream.sql`.
    grant select, insert on session_ledger.signal_stream to session_ledger_relay;
    grant update (document, revision) on session_ledger.signal_stream to session_ledger_relay;
    grant execute on function session_ledger.drop_signal_stream(text, text) to session_ledger_relay;

    grant select on
        session_ledger.session,
        session_ledger.ended_session,
        session_ledger.login_step,
        session_ledger.activity,
        session_ledger.seal_count,
        session_ledger.subscription,
        session_ledger.projection,
        session_ledger.dead_letter,
        session_ledger.parked_session,
        session_ledger.signal_stream,
        session_ledger.disabled_account,
        session_ledger.failed_login,
        session_ledger.job_lease,
        session_ledger.event_position
    to session_ledger_auditor;

    grant select on
        session_ledger.login,
        session_ledger.login_failure,
        session_ledger.impersonation,
        session_ledger.live_session,
        session_ledger.session_end,
        session_ledger.session_event
    to session_ledger_analyst, session_ledger_auditor;
    grant select on session_ledger.login to session_ledger_runtime;

    grant select, insert, delete, truncate
        on session_ledger.session,
           session_ledger.ended_session,
           session_ledger.login_step,
           session_ledger.rebuilt_session,
           session_ledger.rebuilt_ended_session,
           session_ledger.rebuilt_login_step
        to session_ledger_operator;
    grant update on session_ledger.session to session_ledger_operator;
    -- Rows age: see `projector retain`.
    grant select, delete on session_ledger.failed_login, session_ledger.activity to session_ledger_operator;
    grant update (client_ip, user_agent, client_proof) on session_ledger.event to session_ledger_operator;
    grant execute on function session_ledger.client_digest(bytea, inet, text) to session_ledger_operator;
    grant update (client_ip, user_agent)
        on session_ledger.ended_session, session_ledger.login_step, session_ledger.failed_login to session_ledger_operator;
    grant execute on function session_ledger.pad_sessions() to session_ledger_operator;
    -- To drop a subscription is to forget what a follower has had: not the follower's own duty.
    grant select, delete on session_ledger.subscription to session_ledger_operator;
    grant select on session_ledger.dead_letter, session_ledger.parked_session to session_ledger_operator;
end
$$;
