// Package db is one implementation of storage on three engines: SQLite,
// PostgreSQL, and MySQL or MariaDB.
//
// # Promises
//
// Update happens at most once and, when it returns nil, exactly once: each call
// has a mark (a row of db_mark, made before the first try and written first),
// so a connection lost at COMMIT is looked up, not guessed about. Conflicts run
// the closure again, a bounded number of times. Writes run at READ COMMITTED on
// servers, and one at a time on SQLite with every commit on disk. View sees each
// statement's own moment, Snapshot one moment for all.
//
// Writes inside Tx.Later may wait for the next statement that wants an answer, and
// travel together then, the last of them with COMMIT: rows are locked for the time of
// fewer round trips.
//
// A transaction inside a transaction is refused. The lock order of the tables is
// the business of their owners; here, keys of bulk acts are sorted so that all
// lock in one order. Nobody outside sees which engine it is: Engine is for
// tests, the doctor and metrics. The text of an error is never looked into.
//
// The package owns the table db_mark, and goose_db_version of the migrations.
//
// # The common subset of SQL
//
// Statements outside this package keep to what all engines do alike:
//
//   - Placeholders are ?, and no ? stands inside a literal.
//   - Ids are made in Go: no RETURNING, no last-insert-id, no serials.
//   - Time is BIGINT microseconds UTC from Tx.Now; there is no now(). Money is
//     BIGINT. No DECIMAL, no floats, no date functions.
//   - Kinds and states are short ASCII words; JSON is opaque text.
//   - No partial indexes ("at most one open row" is a nullable unique column that
//     is set while open), no arrays, no WITH that writes, no UPDATE … LIMIT, no
//     IN (SELECT … LIMIT).
//   - Locks are asked for by ForUpdate, LookupForUpdate and Claim, never written;
//     ForUpdate ends with ORDER BY the primary key.
//   - Insert-if-absent is InsertAbsent, followed by a Lookup of key and id.
//   - Text compares byte by byte everywhere: case and trailing spaces count.
//   - A column is not named like a keyword; booleans are written ?, never TRUE.
//   - NUL and invalid UTF-8 are refused before they come here.
//
// # Migrations
//
// migration/NNNNN_owner_thing.sql holds "-- +goose Up" and one statement that
// can be repeated. Marks stand for the engines' words: {id} {time} {amount} {int}
// {word} {text} {bytes} {bool}, and after the closing bracket {{table}} with the
// options fillfactor=N (PostgreSQL) and narrow (SQLite: rows of at most some 200
// bytes, kept in the primary key itself). {{absent}} after ADD COLUMN makes that repeatable.
// An unknown mark fails.
//
// # Reading order
//
// db.go, update.go with turn.go, tx.go, then column.go and bulk.go with later.go and ask.go,
// group.go, time.go, clock.go, fail.go, metric.go, migrate.go; the engines are engine.go, sqlite.go
// with prepared.go, postgres.go with postgres_pipe.go, and mysql.go with mysql_bulk.go.
package db
