BEGIN TRANSACTION;
PRAGMA user_version = 2;
PRAGMA application_id = 1885424743;
CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL
            CHECK (kind IN ('reserved', 'settled', 'released', 'forfeited', 'capped')),
        scope TEXT NOT NULL REFERENCES scopes (path),
        amount INTEGER NOT NULL CHECK (typeof(amount) = 'integer' AND amount >= 0),
        reservation INTEGER UNIQUE REFERENCES entries (id),
        what TEXT NOT NULL,
        key TEXT,
        detail TEXT NOT NULL,
        CHECK ((kind IN ('reserved', 'capped')) = (reservation IS NULL)),
        CHECK (kind != 'released' OR amount = 0)
    );
INSERT INTO "entries" VALUES(1,'2026-11-23T06:27:52.223+00:00','reserved','account/branch:loop-1',200,NULL,'openai:m: coder, step 1','account/branch:loop-1/coder/1/1','{"model": "openai:m", "node": "coder"}');
INSERT INTO "entries" VALUES(2,'2026-11-23T06:27:52.316+00:00','settled','account/branch:loop-1',70,1,'openai:m: coder, step 1','account/branch:loop-1/coder/1/1','{"finish_reason": "stop", "usage": {"input_tokens": 100, "output_tokens": 20}}');
INSERT INTO "entries" VALUES(3,'2026-11-23T06:27:52.680+00:00','reserved','account/branch:loop-1',200,NULL,'openai:m: coder, step 2','account/branch:loop-1/coder/2/1','{"model": "openai:m", "node": "coder"}');
INSERT INTO "entries" VALUES(4,'2026-11-23T06:27:52.910+00:00','forfeited','account/branch:loop-1',200,3,'openai:m: coder, step 2','account/branch:loop-1/coder/2/1','{"why": "timed out"}');
INSERT INTO "entries" VALUES(5,'2026-11-23T06:27:53.088+00:00','reserved','account/kernel:a',30,NULL,'openai:m: critic, step 1',NULL,'{"model": "openai:m", "node": "critic"}');
INSERT INTO "entries" VALUES(6,'2026-11-23T06:27:53.103+00:00','released','account/kernel:a',0,5,'openai:m: critic, step 1',NULL,'{"why": "never sent"}');
INSERT INTO "entries" VALUES(7,'2026-11-23T06:27:53.192+00:00','capped','account',1200,NULL,'the cap was set anew',NULL,'{}');
INSERT INTO "entries" VALUES(8,'2026-11-23T06:27:53.209+00:00','capped','account/kernel:a',310,NULL,'the cap was set anew',NULL,'{}');
INSERT INTO "entries" VALUES(9,'2026-11-23T06:27:53.217+00:00','reserved','account/kernel:a',50,NULL,'in flight when it stopped','account/kernel:a/coder/1/1','{"model": "openai:m", "node": "coder"}');
CREATE TABLE responses (
        key TEXT PRIMARY KEY NOT NULL,
        settlement INTEGER NOT NULL UNIQUE REFERENCES entries (id),
        response TEXT NOT NULL
    );
INSERT INTO "responses" VALUES('account/branch:loop-1/coder/1/1',2,'{"text": "ü"}');
CREATE TABLE scopes (
        path TEXT PRIMARY KEY NOT NULL,
        cap INTEGER CHECK (cap IS NULL OR typeof(cap) = 'integer' AND cap >= 0)
    );
INSERT INTO "scopes" VALUES('account',1000);
INSERT INTO "scopes" VALUES('account/branch:loop-1',NULL);
INSERT INTO "scopes" VALUES('account/kernel:a',300);
CREATE VIEW caps AS
        SELECT path, coalesce(
            (SELECT amount FROM entries WHERE kind = 'capped' AND scope = path
             ORDER BY id DESC LIMIT 1),
            cap) AS cap
        FROM scopes;
CREATE VIEW reservations AS
        SELECT r.id, r.scope, r.what, r.key, r.amount AS reserved, c.kind AS closed,
               coalesce(c.amount, r.amount) AS charge
        FROM entries r LEFT JOIN entries c ON c.reservation = r.id
        WHERE r.kind = 'reserved';
CREATE TRIGGER entries_replace BEFORE INSERT ON entries
        WHEN EXISTS (SELECT 1 FROM entries
                     WHERE id = NEW.id OR reservation = NEW.reservation)
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_update BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_delete BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER scopes_replace BEFORE INSERT ON scopes
        WHEN EXISTS (SELECT 1 FROM scopes WHERE path = NEW.path)
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END;
CREATE TRIGGER scopes_update BEFORE UPDATE ON scopes
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END;
CREATE TRIGGER scopes_delete BEFORE DELETE ON scopes
        BEGIN SELECT RAISE(ABORT, 'scopes are append-only'); END;
CREATE TRIGGER responses_insert BEFORE INSERT ON responses
        WHEN NOT EXISTS (SELECT 1 FROM entries
                         WHERE id = NEW.settlement AND kind = 'settled' AND key = NEW.key)
        BEGIN SELECT RAISE(ABORT, 'a response has a settlement of the same key'); END;
CREATE TRIGGER responses_replace BEFORE INSERT ON responses
        WHEN EXISTS (SELECT 1 FROM responses
                     WHERE key = NEW.key OR settlement = NEW.settlement)
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END;
CREATE TRIGGER responses_update BEFORE UPDATE ON responses
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END;
CREATE TRIGGER responses_delete BEFORE DELETE ON responses
        BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END;
CREATE INDEX entries_capped ON entries (scope, id) WHERE kind = 'capped';
COMMIT;
