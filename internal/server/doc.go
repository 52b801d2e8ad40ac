// Package server puts the house together: it reads the configuration, opens the
// database, makes the services over it, and runs them as one process until it is
// told to stop. It is also what the command line's other verbs use to work on the
// same database beside a running process.
//
// It promises that a process that was told to stop loses nothing: doors close
// first, then no more work is begun, running work ends, what was taken in is
// committed, and only then the database is let go. A part that fails brings the
// whole process down, so that whoever watches over it starts it again. An act of
// the operator is one transaction, but for what takes several: imports, runs of
// letters, the erasure of a site, and whatever asks a gateway or a vendor. Such an act
// goes on where it was broken off when it is asked for again.
//
// It owns no tables and has no SQL. Provider adapters are known to adapters.go and
// nothing else, the simulator to this package and nothing else.
//
// Reading order: config.go (what can be set, with config_*.go beside it), server.go
// (how a process is made, runs and stops), stage.go, door.go with listener.go, gate.go,
// speak.go and door_tls.go (how it is reached), adapters.go,
// simulator.go, testmode.go, upkeep.go, heads.go, ledger_watch.go, health.go, log.go; then
// operator.go with one operator_*.go for each thing that operators work on; demo.go with demo_*.go.
package server
