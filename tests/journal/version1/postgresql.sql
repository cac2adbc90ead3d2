CREATE TABLE esjournal (
    journal_id UUID NOT NULL,
    schema_version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE TABLE stored_events (
    global_position bigint NOT NULL UNIQUE,
    originator_id UUID NOT NULL,
    originator_version BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    state TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE INDEX stored_events_recorded_at ON stored_events (recorded_at, global_position);
INSERT INTO esjournal VALUES ('74b6417e-0e13-4345-a089-95dc5d2ceef8', 1, '2026-11-27T21:33:43.588678Z');
INSERT INTO stored_events VALUES (1, '9b300b13-4410-51bf-85ca-234c8cea73da', 0, 'orders#Placed', '{"customer":"Ann","sum":1.10}', '2026-01-31T12:00:00.000000Z');
INSERT INTO stored_events VALUES (2, '9b300b13-4410-51bf-85ca-234c8cea73da', 1, 'orders#Paid', '{"by":"card" , "by":"cash"}', '2026-01-31T12:00:00.000001Z');
INSERT INTO stored_events VALUES (3, '00000000-0000-4000-8000-000000000001', 1, 'a "b"\c é😀', '{"n":123456789012345678901234567890,"text":"a\u0000b"}', '0001-01-01T00:00:00.000000Z');
INSERT INTO stored_events VALUES (4, '00000000-0000-4000-8000-000000000001', 2, 'empty', '{}', '9999-12-31T23:59:59.999999Z');
