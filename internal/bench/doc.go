// Package bench measures the product beside the plainest program that would do the
// same work, in one run and on the same machine, so that what is told is a ratio.
//
// Every comparison is made in scratch databases of its own, made on the server that the caller
// names (for SQLite in a folder beside the file) and dropped at the end: nothing of the user's is
// read or written. Baseline and product take turns, three rounds each where nothing else is said,
// every round in a fresh database. What counts as done is counted in the database after the last
// commit, never in the program, and a product round ends with the proof of the whole ledger; a
// broken law or a missing row fails the run.
//
// A baseline speaks to the driver directly, with prepared statements, one connection a
// caller, and tables that have the columns, keys and storage of the product's. What
// the product computes (hash chains, compressed and sealed bodies) it is given for
// nothing: its rows are copies of one that the product wrote.
//
// The package owns no tables but the bare_* ones of its scratch databases.
//
// Reading order: bench.go (what can be asked, and the answer), round.go (rounds), meter.go (time,
// processor, memory), world.go (the product as it is wired); charge.go, accept.go, api.go with
// wire.go, pipeline.go with http.go and http_bare.go, stats.go (one comparison each); webhook.go
// with webhook_bare.go (how soon, beside the usual design); growth.go, handover.go with pace.go and
// taken.go, fair.go and attack.go (the product alone, the last two beside itself when nothing else
// happens); bare.go (what baselines share) with bulk.go, then bare_postgres.go, bare_mysql.go and
// bare_sqlite.go (the engines as baselines use them).
package bench
