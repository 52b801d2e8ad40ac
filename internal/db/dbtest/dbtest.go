// Package dbtest gives every test its own database, on every engine.
//
// The servers are named by CREDITMSG_TEST_POSTGRES and CREDITMSG_TEST_MYSQL, URLs
// of accounts that may create databases. Without them a test fails rather than
// passing untested; CREDITMSG_TEST_ENGINES=sqlite says that only SQLite is meant.
//
// Migrating is done once per schema, not once per test: a template, named by the
// hash of the migration files, is cloned. Templates stay for the next test
// binary; a test's database is dropped when the test ends.
//
// Reading order: dbtest.go, server.go (PostgreSQL and MySQL), file.go (SQLite).
package dbtest

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"creditmsg/internal/db"
)

// Engines are the engines that this run tests.
func Engines() []string {
	if e := os.Getenv("CREDITMSG_TEST_ENGINES"); e != "" {
		return strings.Split(e, ",")
	}
	return []string{"sqlite", "postgres", "mysql"}
}

// Each runs test once per engine, each time with a fresh, migrated database.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(engine, func(t *testing.T) { test(t, Open(t, engine)) })
	}
}

// Open gives a fresh, migrated database of one engine.
func Open(t testing.TB, engine string) *db.DB {
	t.Helper()
	return Connect(t, Migrated(t, engine), db.Options{})
}

// Connect opens url and closes it when the test ends.
func Connect(t testing.TB, url string, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, o)
	if err != nil {
		t.Fatalf("open a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close a test database: %v", err)
		}
	})
	return d
}

// URL gives a fresh, empty database of one engine, for a program that migrates
// it itself. It is dropped when the test ends.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == "sqlite" {
		return emptyFile(t)
	}
	return serverOf(t, engine).create(t)
}

// Migrated gives a fresh, migrated database of one engine.
func Migrated(t testing.TB, engine string) string {
	t.Helper()
	if engine == "sqlite" {
		return copiedFile(t)
	}
	return serverOf(t, engine).clone(t)
}

// fresh is a name that no other database has.
func fresh() string {
	var b [8]byte
	rand.Read(b[:]) // never fails, by its documentation
	return "creditmsg_test_" + hex.EncodeToString(b[:])
}
