// Package upload keeps large bodies that arrive in pieces, so that a connection that breaks
// costs what was under way, not all that came before.
//
// It promises that what Size says has arrived is stored and stays: a piece counts once its
// bytes are in the store and its row is committed, and what was read of a piece whose
// connection broke counts as well. Pieces follow each other without gap: of two that are sent
// for the same place one is taken. Reading gives the bytes in their order, whole or an error.
// An upload ends two days after it began, with its bytes; what a crash leaves is bytes without
// a row, which go a day later.
//
// A list is an upload too, of another kind: it comes whole, may be read as often as one likes, and
// ends two days after it was kept. What whoever keeps it notes of it is kept with it.
//
// The bytes are sealed with the site's key before they leave this process: they hold numbers
// and texts.
//
// It knows nothing of what the bytes mean.
//
// Tables owned: upload, upload_piece.
//
// Reading order: upload.go (what is known of one), append.go (the way in) with keep.go (of
// lists), open.go (the way out), sweep.go.
package upload
