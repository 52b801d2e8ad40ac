// Package blob keeps named bytes that are too large for the database: in a folder, or in a
// bucket of a service that speaks S3.
//
// It promises that what stands under a name is whole: a Put that does not come to its end, for
// whatever reason, leaves what was there before, or nothing. When Put returns nil the bytes
// survive a crash of this machine. Whoever reads while the same name is written gets the old
// bytes or the new ones. Nothing is written outside of the folder or bucket, whatever a name says.
//
// It owns no table, knows nothing of what the bytes mean and does not seal them: its callers
// do. It makes no request inside a transaction, because it is never called there.
//
// Reading order: blob.go (the contract), place.go (what an address means), dir.go, s3.go.
package blob
