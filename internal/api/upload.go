package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"creditmsg/internal/fault"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Limits of bodies.
const (
	maxJSON       = 32 << 20  // bytes of a message with its recipients
	maxRecipients = 100_000   // in such a body
	maxUpload     = 512 << 20 // bytes of a message in lines
	maxLines      = 1_000_000 // recipients in such a body
	maxLine       = 64 << 10  // bytes of one line
	maxBody       = 1 << 20   // bytes of every other body: a provider's report, a setting
)

// A body has to make progress, and to end: a draft that is older than an hour is
// swept.
const (
	jsonWithin   = 2 * time.Minute
	uploadWithin = 50 * time.Minute
	passWithin   = 30 * time.Second // the rest of a body that was refused
)

// media is the form of a body.
type media uint8

const (
	mediaJSON media = iota
	mediaLines
	mediaForm
)

// mediaOf reads the request's Content-Type.
func mediaOf(r *http.Request, lines bool) (media, error) {
	refused := fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send application/json in UTF-8, application/x-ndjson for many recipients, or multipart/form-data with a list")
	if r.Header.Get("Content-Encoding") != "" {
		return 0, refused
	}
	given := r.Header.Get("Content-Type")
	if given == "" {
		return mediaJSON, nil
	}
	name, params, err := mime.ParseMediaType(given)
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return 0, refused
	}
	switch {
	case name == "application/json":
		return mediaJSON, nil
	case name == "application/x-ndjson" && lines:
		return mediaLines, nil
	case name == "multipart/form-data" && lines:
		return mediaForm, nil
	}
	return 0, refused
}

// upload reads a body under limits of size and time. The connection's deadline moves along
// while bytes arrive, so that a slow client is served and a stuck one is not.
type upload struct {
	body     io.Reader
	control  *http.ResponseController
	limit    int64     // bytes in all
	left     int64     // bytes that may still come
	deadline time.Time // of the whole body
	pace     pace
	failed   error // the fault that ended the reading
}

func newUpload(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) (*upload, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return &upload{body: r.Body, control: http.NewResponseController(w), limit: limit, left: limit, deadline: time.Now().Add(within)}, nil
}

func tooLarge(limit int64) error {
	format, size, unit := "the body is larger than %d %s", limit>>20, "MiB"
	switch {
	case limit == maxJSON:
		format = "the body is larger than %d %s; send many recipients as application/x-ndjson, or in several messages"
	case limit == maxUpload:
		format = "the body is larger than %d %s; send it in several parts"
	case limit == maxPicture:
		format = "the body is larger than %d %s; send a smaller picture"
	case limit < 1<<20:
		size, unit = limit>>10, "KiB"
	}
	return fault.New(fault.TooLarge, fault.CodeBodyTooLarge, format, size, unit)
}

// Read gives the next bytes; a failure other than io.EOF is a fault.
func (u *upload) Read(p []byte) (int, error) {
	if u.failed != nil {
		return 0, u.failed
	}
	start := time.Now()
	if !start.Before(u.deadline) {
		return 0, u.fail(os.ErrDeadlineExceeded)
	}
	if u.pace.due(start) {
		until := u.pace.until(start)
		if until.After(u.deadline) {
			until = u.deadline
		}
		// A connection without deadlines, as in tests, simply has none.
		_ = u.control.SetReadDeadline(until)
	}
	n, err := u.body.Read(p)
	u.pace.took(n, start)
	if u.left -= int64(n); u.left < 0 {
		u.failed = tooLarge(u.limit)
		return 0, u.failed
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, u.fail(err)
	}
	return n, err
}

func (u *upload) fail(err error) error {
	u.failed = fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the body could not be read to its end")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		u.failed = fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the body did not arrive in time")
	}
	return u.failed
}

// onDisk brings a body to the disk, for who reads it several times. The file is nobody else's
// and goes when it is closed, as does its room.
func (a *api) onDisk(w http.ResponseWriter, r *http.Request) (*onDisk, error) {
	u, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	d := &onDisk{disk: a.holding(a.disk, r)}
	body, err := d.disk.body(r.Context(), u, r.ContentLength)
	if err != nil {
		return nil, err
	}
	if d.File, err = spool(); err == nil {
		_, err = io.Copy(toDisk{d.File}, body)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// onDisk is a body that is on the disk.
type onDisk struct {
	*os.File
	disk *holding
}

// Close lets the body go.
func (d *onDisk) Close() error {
	defer d.disk.release()
	return d.File.Close()
}

// whole reads a body of one piece. The room that a large one takes is given back by
// release, which is never nil.
func (a *api) whole(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, release func(), err error) {
	memory := a.holding(a.memory, r)
	u, err := newUpload(w, r, limit, jsonWithin)
	if err != nil {
		return nil, memory.release, err
	}
	if r.ContentLength < 0 {
		body, err = unannounced(r.Context(), u, memory)
		return body, memory.release, err
	}
	if r.ContentLength > smallBody {
		if err = memory.more(r.Context(), r.ContentLength); err != nil {
			return nil, memory.release, err
		}
	}
	body = make([]byte, r.ContentLength)
	if _, err = io.ReadFull(u, body); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = u.fail(err)
	}
	return body, memory.release, err
}

// unannounced reads a body whose length is not known: most are small, and only one
// that turns out not to be takes room.
func unannounced(ctx context.Context, u *upload, memory *holding) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(u, smallBody))
	if err != nil || len(body) < smallBody {
		return body, err
	}
	if err = memory.more(ctx, smallBody); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(&arriving{ctx: ctx, body: u, holding: memory})
	return append(body, rest...), err
}

// hold has a body that huma reads come within limits of size and time.
func (a *api) hold(ctx huma.Context, next func(huma.Context)) {
	if r, w := humago.Unwrap(ctx); r.ContentLength != 0 {
		u, err := newUpload(w, r, maxBody, jsonWithin)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		r.Body = struct {
			io.Reader
			io.Closer
		}{u, r.Body}
	}
	next(ctx)
}

// passOver reads the rest of a body that was refused before its end, and forgets it.
// Most clients send all of a request before they read: if the connection were closed
// under them, they would see a broken pipe and never the reason. A client that waits
// for 100 Continue is told no before it sends.
func passOver(w *recorder, r *http.Request) {
	if w.status < 400 || r.ContentLength == 0 || r.Header.Get("Expect") != "" {
		return
	}
	u, err := newUpload(w, r, maxUpload, passWithin)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, u) // what is over a limit of size or time closes the connection
}
