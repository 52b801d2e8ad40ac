// Package picture knows pictures by their bytes: what one is, whether an MMS can carry it,
// and how to make one of it that an MMS can carry.
//
// It promises that a picture is what its content says, whatever a name or a declared type
// claims; that its size in dots is read without unpacking it, and nothing is unpacked whose
// pixels would take more than a fixed amount of memory; that what Mend gives fits, stands
// upright, and holds nothing of what cameras write about where and by whom it was taken.
//
// All of it is pure: the same bytes give the same answer. It reads JPEG, PNG and GIF, and
// writes JPEG. It owns no tables and knows nothing of who takes the pictures.
//
// Reading order: picture.go (what it is), jpeg.go and exif.go (the parts of a JPEG), fit.go
// (what an MMS takes), mend.go with scale.go and turn.go (making one that fits).
package picture
