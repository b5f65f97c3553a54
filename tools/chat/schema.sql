-- The chat service of the project's source document: users, rooms, who is in which room, messages;
-- and accounts whose balances always add up. Both masters get this before they are kept in sync.
--
-- Every row tells which write made it: node is the master it was written on, seq counts the writes
-- of that master. tools/chat/load.py stamps both, the oracles follow them.

CREATE TABLE chat_user (
    user_id   text PRIMARY KEY,
    user_name text NOT NULL,
    seen_at   timestamptz,
    node      text NOT NULL,
    seq       bigint NOT NULL
);

CREATE TABLE chat_room (
    room_id int PRIMARY KEY,
    title   text NOT NULL,
    topic   text,
    node    text NOT NULL,
    seq     bigint NOT NULL
);

CREATE TABLE chat_member (
    room_id   int NOT NULL REFERENCES chat_room,
    user_id   text NOT NULL,
    role      text NOT NULL DEFAULT 'guest',
    joined_at timestamptz NOT NULL,
    node      text NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
-- Old rows travel whole here, so the demo shows that replica identity at work too.
ALTER TABLE chat_member REPLICA IDENTITY FULL;

-- user_id has no foreign key: what a user said stays when the user leaves.
CREATE TABLE chat_message (
    id      bigint PRIMARY KEY,
    room_id int NOT NULL REFERENCES chat_room,
    user_id text NOT NULL,
    body    text NOT NULL,
    sent_at timestamptz NOT NULL,
    likes   int NOT NULL DEFAULT 0,
    meta    jsonb,
    node    text NOT NULL,
    seq     bigint NOT NULL
);
CREATE INDEX chat_message_room ON chat_message (room_id, sent_at, id);
-- Long bodies go out of line as they are, so that updates of other columns leave them unsent.
ALTER TABLE chat_message ALTER body SET STORAGE EXTERNAL;

CREATE TABLE chat_account (
    account_id int PRIMARY KEY,
    balance    bigint NOT NULL,
    node       text NOT NULL,
    seq        bigint NOT NULL
);
