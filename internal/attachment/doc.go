// Package attachment keeps the pictures that sites send in MMS.
//
// It promises that what is kept can be sent: every picture is what its content says and fits
// what each vendor takes (package picture), mended on request, else refused with a word on
// what is wrong. Its bytes are sealed with the site's key before they leave this process, so
// whoever reads the blob store sees nothing. The same bytes of one site are one attachment,
// however often they are uploaded. One that a message or a series still needs is not deleted,
// neither by its owner nor by the sweep; one that nothing needs is deleted a week after it was last
// uploaded or needed, with its bytes and with what providers call it.
//
// A row is written after its bytes are stored, and deleted before they are: what a crash
// leaves is bytes without a row, which the sweep finds in the end, never a row without bytes.
//
// It stands on floor 4: it seals with keys of package site below it, and messages, which
// refer to attachments in the transaction that accepts them, stand above. It knows who
// needs one by its id alone.
//
// Tables owned: attachment, attachment_use, attachment_upload.
//
// Reading order: attachment.go (what is known of one), add.go (the way in), use.go (who
// needs one), upload.go (what providers call one), sweep.go.
package attachment
